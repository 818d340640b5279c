//! Definitions of analyses: what was asked, written so that it can be asked again.

use std::collections::BTreeMap;

use crate::base::ObjectId;
use crate::curate::{Prune, Score};
use crate::dataset::{Declaration, Where};
use crate::object::{AnalysisDefinition, ImportedFile};
use crate::record::Role;

use super::super::error::Error;
use super::super::find::{FindOptions, IssueOptions, Kind, OutlierOptions, ProbabilityFile};

/// The version of the methods: it rises where the same question has another answer.
pub(super) const VERSION: u32 = 1;
/// What the lists of `agree --consensus` are called.
pub(in crate::ops) const CONSENSUS: &str = "consensus";
/// The roles that an analysis may look at.
const ROLES: [Role; 9] = [
    Role::Key,
    Role::Label,
    Role::Feature,
    Role::Text,
    Role::Image,
    Role::Annotator,
    Role::Item,
    Role::Group,
    Role::Split,
];

/// What is asked of one data set.
pub(in crate::ops) struct Question {
    pub(in crate::ops) kind: &'static str,
    pub(in crate::ops) parameters: BTreeMap<String, String>,
    pub(in crate::ops) condition: Option<String>,
    pub(in crate::ops) limit: Option<u64>,
    pub(in crate::ops) imported: Option<ImportedFile>,
}

impl Question {
    /// Returns what `find` is asked; fails for kinds whose answers are not kept.
    pub(super) fn of(options: &FindOptions) -> Result<Self, Error> {
        let mut parameters = BTreeMap::new();
        let mut put = |name: &str, value: String| parameters.insert(name.to_owned(), value);
        let mut imported = None;
        let kind = match &options.kind {
            Kind::LabelConflicts => "label-conflicts",
            Kind::Leakage => "leakage",
            Kind::Duplicates { near: None } => "duplicates",
            Kind::Duplicates { near: Some(least) } => {
                put("threshold", least.to_string());
                "near-duplicates"
            }
            Kind::Outliers(outliers) => {
                put("iqr", outliers.iqr.to_string());
                put("neighbours", outliers.neighbours.to_string());
                if !outliers.fields.is_empty() {
                    put("fields", list(&outliers.fields));
                }
                if let Some(by) = &outliers.by {
                    put("by", by.clone());
                }
                if let Some(bound) = outliers.bound {
                    put("bound", bound.to_string());
                }
                "outliers"
            }
            Kind::LabelIssues(issues) => {
                put("prune", issues.prune.name().to_owned());
                put("score", issues.score.name().to_owned());
                put("calibrated", (!issues.uncalibrated).to_string());
                if let Some(field) = &issues.field {
                    put("field", field.clone());
                }
                match &issues.probabilities {
                    Some(file) => {
                        if !issues.classes.is_empty() {
                            put("classes", list(&issues.classes));
                        }
                        imported = Some(ImportedFile {
                            name: file.name(),
                            content: ObjectId::of(&file.bytes),
                            size: file.bytes.len() as u64,
                        });
                    }
                    None => {
                        put("learner", issues.learner.clone());
                        put("folds", issues.folds.to_string());
                    }
                }
                "label-issues"
            }
            Kind::Selection(_) => {
                return Err(Error::Usage("selections are not attached".to_owned()));
            }
        };
        Ok(Self {
            kind,
            parameters,
            condition: options.condition.as_ref().map(Where::to_string),
            limit: options.limit.map(|limit| limit as u64),
            imported,
        })
    }

    /// Returns the definition for one data set.
    pub(super) fn definition(&self, declaration: &Declaration) -> AnalysisDefinition {
        AnalysisDefinition {
            kind: self.kind.to_owned(),
            version: VERSION,
            parameters: self.parameters.clone(),
            seed: 0,
            dataset: declaration.name.clone(),
            roles: roles(declaration),
            condition: self.condition.clone(),
            limit: self.limit,
            imported: self.imported.clone(),
        }
    }
}

/// Returns the fields by role, of the roles that matter.
pub(super) fn roles(declaration: &Declaration) -> BTreeMap<String, Vec<String>> {
    let fields = |role: &Role| declaration.roles.fields(*role).to_vec();
    let roles = ROLES
        .iter()
        .map(|role| (role.name().to_owned(), fields(role)));
    roles.filter(|(_, fields)| !fields.is_empty()).collect()
}

/// Returns what `find` was asked; `None` where a definition says what this dver does not know.
/// `imported` holds the bytes of the file that was imported.
pub(super) fn options(
    definition: &AnalysisDefinition,
    imported: Option<Vec<u8>>,
) -> Option<FindOptions> {
    let parameter = |name: &str| definition.parameters.get(name).map(String::as_str);
    let kind = match definition.kind.as_str() {
        "label-conflicts" => Kind::LabelConflicts,
        "leakage" => Kind::Leakage,
        "duplicates" => Kind::Duplicates { near: None },
        "near-duplicates" => Kind::Duplicates {
            near: Some(parameter("threshold")?.parse().ok()?),
        },
        "outliers" => Kind::Outliers(OutlierOptions {
            fields: fields(parameter("fields"))?,
            by: parameter("by").map(str::to_owned),
            iqr: parameter("iqr")?.parse().ok()?,
            bound: match parameter("bound") {
                Some(bound) => Some(bound.parse().ok()?),
                None => None,
            },
            neighbours: parameter("neighbours")?.parse().ok()?,
        }),
        "label-issues" => {
            let file = definition.imported.as_ref();
            let probabilities = match (file, imported) {
                (Some(file), Some(bytes)) => Some(ProbabilityFile {
                    path: file.name.clone().into(),
                    bytes,
                }),
                (None, None) => None,
                _ => return None,
            };
            // With a file no learner is asked.
            let (learner, folds) = match probabilities {
                Some(_) => (String::new(), 0),
                None => (
                    parameter("learner")?.to_owned(),
                    parameter("folds")?.parse().ok()?,
                ),
            };
            Kind::LabelIssues(IssueOptions {
                field: parameter("field").map(str::to_owned),
                probabilities,
                classes: fields(parameter("classes"))?,
                learner,
                folds,
                prune: Prune::named(parameter("prune")?)?,
                uncalibrated: parameter("calibrated")? == "false",
                score: Score::named(parameter("score")?)?,
            })
        }
        _ => return None,
    };
    let condition = match &definition.condition {
        Some(text) => Some(Where::parse(text).ok()?),
        None => None,
    };
    Some(FindOptions {
        revision: None,
        dataset: Some(definition.dataset.clone()),
        condition,
        limit: match definition.limit {
            Some(limit) => Some(usize::try_from(limit).ok()?),
            None => None,
        },
        kind,
    })
}

fn list(all: &[String]) -> String {
    serde_json::json!(all).to_string()
}

fn fields(text: Option<&str>) -> Option<Vec<String>> {
    text.map_or(Some(Vec::new()), |text| serde_json::from_str(text).ok())
}
