//! What an object needs, for every kind of object: the one place that gc and fsck follow.
//!
//! Invariant: whatever a reader may ask for, starting from an object, is among what the object
//! needs or what those need in turn. A kind that is not understood is refused, never skipped: gc
//! would let go of what it names.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::base::{ObjectId, RepoPath};
use crate::object::changes::{ChangeSet, Row};
use crate::object::tree::{ChildRef, Entry, Node};
use crate::object::{
    self, Analysis, AnalysisDefinition, Attachment, AttachmentKind, ChunkEntry, Commit, Content,
    DatasetScore, Definition, Error, Evaluation, FileEntry, Head, Joint, Manifest, Numbers,
    ObjectSource, Operation, Predictions, RefEntry, Schema, Scorecard, State, Values, View,
    WorkList, Written,
};

/// How the one who needs an object reads it: an object has no kind of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// An operation, without the one before it.
    Operation,
    /// The state after an operation.
    View,
    /// A node of a tree of branches and tags.
    Refs,
    /// A node of a tree of attachments.
    Attachments,
    /// An attached evaluation.
    Evaluation,
    /// How an evaluation is done.
    Definition,
    /// What an evaluation's model predicted.
    Predictions,
    /// An attached attestation.
    Attestation,
    /// An attached analysis.
    Analysis,
    /// How an analysis is done.
    AnalysisDefinition,
    /// What an analysis found.
    WorkList,
    /// A commit.
    Commit,
    /// A node of a snapshot.
    Snapshot,
    /// The bytes of a file: an object, or what a manifest lists.
    Content,
    /// A manifest.
    Manifest,
    /// A node of a manifest below its root.
    Chunks,
    /// A chunk.
    Chunk,
    /// The head of a change set.
    ChangeSet,
    /// A node of a change set's body.
    Rows,
    /// A scorecard.
    Scorecard,
    /// A schema.
    Schema,
    /// A state.
    State,
    /// The values of a field.
    Values,
    /// The numbers of a field by their size.
    Numbers,
    /// A joint table.
    Joint,
}

impl Role {
    /// Returns the word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::View => "view",
            Self::Refs => "refs",
            Self::Attachments => "attachments",
            Self::Evaluation => "evaluation",
            Self::Definition => "definition",
            Self::Predictions => "predictions",
            Self::Attestation => "attestation",
            Self::Analysis => "analysis",
            Self::AnalysisDefinition => "analysis definition",
            Self::WorkList => "work list",
            Self::Commit => "commit",
            Self::Snapshot => "snapshot",
            Self::Content => "content",
            Self::Manifest | Self::Chunks => "manifest",
            Self::Chunk => "chunk",
            Self::ChangeSet | Self::Rows => "change set",
            Self::Scorecard => "scorecard",
            Self::Schema => "schema",
            Self::State => "state",
            Self::Values => "values",
            Self::Numbers => "numbers",
            Self::Joint => "joint table",
        }
    }
}

/// An object that another one needs, and as what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Need {
    /// The object; of a content its id, whether or not that is an object.
    pub id: ObjectId,
    /// How it is read.
    pub role: Role,
    /// Of a content and its manifest: the content's size in bytes. Of a tree's node: the level of
    /// its parent, or 0 for a root.
    size: u64,
    /// Of a manifest: the content.
    of: Option<ObjectId>,
    /// Of a content: the path at which a snapshot has it.
    pub path: Option<RepoPath>,
}

impl Need {
    /// Returns the need of an object in a role other than content.
    pub fn new(role: Role, id: ObjectId) -> Self {
        Self {
            id,
            role,
            size: 0,
            of: None,
            path: None,
        }
    }

    /// Returns the need of the content of a file.
    pub fn content(entry: &FileEntry) -> Self {
        Self {
            size: entry.size,
            path: Some(entry.path.clone()),
            ..Self::new(Role::Content, entry.content)
        }
    }

    /// Returns the size of a content in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns whether the object needs nothing else and need not be read to know that.
    pub fn is_leaf(&self) -> bool {
        match self.role {
            Role::Chunk => true,
            Role::Content => self.size <= Content::MAX_WHOLE,
            _ => false,
        }
    }

    /// Returns whether this is an object: a large content only stands for its manifest.
    pub fn is_object(&self) -> bool {
        self.role != Role::Content || self.is_leaf()
    }
}

/// Returns what the view and the files of an operation need.
pub fn of_operation(view: ObjectId, wrote: Option<&Written>) -> Vec<Need> {
    let mut needs = vec![Need::new(Role::View, view)];
    if let Some(wrote) = wrote {
        needs.push(Need::new(Role::Snapshot, wrote.before));
        needs.push(Need::new(Role::Snapshot, wrote.after));
    }
    needs
}

/// Reads an object and returns what it needs.
pub fn needs(source: &dyn ObjectSource, need: &Need) -> Result<Vec<Need>, Error> {
    let id = &need.id;
    Ok(match need.role {
        Role::Operation => {
            let operation: Operation = object::get(source, id)?;
            of_operation(operation.view, operation.wrote.as_ref())
        }
        Role::View => of_view(&object::get(source, id)?),
        Role::Commit => of_commit(&object::get(source, id)?),
        Role::ChangeSet => of_change_set(&object::get(source, id)?),
        Role::Scorecard => of_scorecard(&object::get(source, id)?),
        Role::State => of_state(&object::get(source, id)?),
        Role::Schema => none_of(object::get::<Schema>(source, id)?),
        Role::Values => none_of(object::get::<Values>(source, id)?),
        Role::Numbers => none_of(object::get::<Numbers>(source, id)?),
        Role::Joint => none_of(object::get::<Joint>(source, id)?),
        Role::Refs => of_node(source, need, &|entry: &RefEntry| {
            Some(Need::new(Role::Commit, entry.target))
        })?,
        Role::Attachments => of_node(source, need, &of_attachment)?,
        Role::Snapshot => of_node(source, need, &|entry| Some(Need::content(entry)))?,
        Role::Rows => of_node(source, need, &|_: &Row| None)?,
        Role::Chunks => of_node(source, need, &of_chunk)?,
        Role::Chunk => Vec::new(),
        Role::Content if need.is_leaf() => Vec::new(),
        Role::Content => {
            let manifest = source.manifest_of(id)?.ok_or(Error::Missing(*id))?;
            vec![Need {
                size: need.size,
                of: Some(*id),
                ..Need::new(Role::Manifest, manifest)
            }]
        }
        Role::Manifest => {
            let root = Manifest::root(source, id)?;
            if need
                .of
                .is_some_and(|of| (of, need.size) != (root.content, root.size))
            {
                let reason = "the manifest is of another content";
                return Err(Error::corrupt(*id, reason));
            }
            below(Role::Chunks, &root.node, &of_chunk)
        }
        Role::Evaluation => of_evaluation(&object::get(source, id)?),
        Role::Definition => none_of(object::get::<Definition>(source, id)?),
        Role::Predictions => none_of(Predictions::read(source, id)?),
        Role::Analysis => of_analysis(&object::get(source, id)?),
        Role::AnalysisDefinition => none_of(object::get::<AnalysisDefinition>(source, id)?),
        Role::WorkList => none_of(WorkList::read(source, id)?),
        Role::Attestation => {
            return Err(Error::WrongKind {
                id: *id,
                expected: "attachment that this dver knows",
            });
        }
    })
}

fn none_of<T>(_: T) -> Vec<Need> {
    Vec::new()
}

fn of_view(view: &View) -> Vec<Need> {
    let mut needs = vec![Need::new(Role::Refs, view.refs)];
    let trees = view.remotes.values();
    needs.extend(trees.map(|refs| Need::new(Role::Refs, *refs)));
    let attachments = view.attachments.iter();
    needs.extend(attachments.map(|tree| Need::new(Role::Attachments, *tree)));
    for state in view.worktrees.values() {
        if let Head::Commit(id) = &state.head {
            needs.push(Need::new(Role::Commit, *id));
        }
        let stage = state.stage.iter();
        needs.extend(stage.map(|id| Need::new(Role::Snapshot, *id)));
        if let Some(pending) = &state.pending {
            needs.push(Need::new(Role::Snapshot, pending.from));
            needs.push(Need::new(Role::Snapshot, pending.to));
            needs.push(Need::new(Role::View, pending.view));
        }
    }
    needs
}

fn of_attachment(attachment: &Attachment) -> Option<Need> {
    let role = match attachment.kind {
        AttachmentKind::Evaluation => Role::Evaluation,
        AttachmentKind::Attestation => Role::Attestation,
        AttachmentKind::Analysis => Role::Analysis,
    };
    Some(Need::new(role, attachment.object))
}

/// The commit and its snapshot are only named: scores outlive the version that they are of.
fn of_evaluation(evaluation: &Evaluation) -> Vec<Need> {
    vec![
        Need::new(Role::Definition, evaluation.definition),
        Need::new(Role::Predictions, evaluation.predictions),
    ]
}

/// As with evaluations, commit and snapshot are only named; so is a file that was imported.
fn of_analysis(analysis: &Analysis) -> Vec<Need> {
    vec![
        Need::new(Role::AnalysisDefinition, analysis.definition),
        Need::new(Role::WorkList, analysis.list),
    ]
}

fn of_commit(commit: &Commit) -> Vec<Need> {
    let mut needs = vec![
        Need::new(Role::Snapshot, commit.snapshot),
        Need::new(Role::Scorecard, commit.scorecard),
    ];
    let changes = commit.changes.iter();
    needs.extend(changes.map(|id| Need::new(Role::ChangeSet, *id)));
    let parents = commit.parents.iter();
    needs.extend(parents.map(|id| Need::new(Role::Commit, *id)));
    needs
}

/// The two snapshots are those of the commit and its parent. They are named all the same: where
/// the body has not all rows, readers compute them from these two.
fn of_change_set(changes: &ChangeSet) -> Vec<Need> {
    let snapshots = changes.before.iter().chain([&changes.after]);
    let mut needs: Vec<Need> = snapshots.map(|id| Need::new(Role::Snapshot, *id)).collect();
    let body = changes.body.iter();
    needs.extend(body.map(|id| Need::new(Role::Rows, *id)));
    needs
}

fn of_scorecard(card: &Scorecard) -> Vec<Need> {
    let both = |score: &DatasetScore| {
        [
            Need::new(Role::Schema, score.schema),
            Need::new(Role::State, score.state),
        ]
    };
    card.datasets.iter().flat_map(both).collect()
}

fn of_state(state: &State) -> Vec<Need> {
    let values = state.fields.iter().filter_map(|field| field.values);
    let values = values.map(|id| Need::new(Role::Values, id));
    let numbers = state.fields.iter().filter_map(|field| field.numbers);
    let numbers = numbers.map(|id| Need::new(Role::Numbers, id));
    let joint = state.joint.iter();
    values
        .chain(numbers)
        .chain(joint.map(|id| Need::new(Role::Joint, *id)))
        .collect()
}

fn of_chunk(chunk: &ChunkEntry) -> Option<Need> {
    Some(Need::new(Role::Chunk, chunk.id))
}

/// Reads a node of a tree.
fn of_node<E: Entry>(
    source: &dyn ObjectSource,
    need: &Need,
    of_entry: &dyn Fn(&E) -> Option<Need>,
) -> Result<Vec<Need>, Error> {
    let bytes = source.get(&need.id)?;
    let node = Node::<E>::decode(&bytes).map_err(Error::malformed(need.id))?;
    let level = match &node {
        Node::Leaf(_) => 0,
        Node::Inner(level, _) => u64::from(*level),
    };
    // As readers do: levels that fall are what keeps a hostile tree from being endless.
    if need.size != 0 && level + 1 != need.size {
        let reason = "a tree node stands on the wrong level";
        return Err(Error::corrupt(need.id, reason));
    }
    Ok(below(need.role, &node, of_entry))
}

/// Returns what a node needs: its children in the role `role`, or what its entries name.
fn below<E: Entry>(role: Role, node: &Node<E>, of_entry: &dyn Fn(&E) -> Option<Need>) -> Vec<Need> {
    match node {
        Node::Leaf(entries) => entries.iter().filter_map(of_entry).collect(),
        Node::Inner(level, children) => {
            let child = |child: &ChildRef| Need {
                size: u64::from(*level),
                ..Need::new(role, child.id)
            };
            children.iter().map(child).collect()
        }
    }
}

/// All that some needs come to.
#[derive(Debug, Default)]
pub struct Closure {
    /// Every object.
    pub objects: FxHashSet<ObjectId>,
    /// The manifest of every content that has one.
    pub manifests: BTreeMap<ObjectId, ObjectId>,
}

/// An object that others need and that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{} {} is needed and cannot be had", need.role.name(), need.id.short())]
pub struct Incomplete {
    /// The object.
    pub need: Need,
    /// What is the matter with it.
    pub source: Error,
}

impl Closure {
    /// Adds an object that needs nothing.
    pub fn add(&mut self, id: ObjectId) {
        self.objects.insert(id);
    }

    /// Adds needs and everything that they need in turn. Leaves are not read.
    pub fn extend(
        &mut self,
        source: &dyn ObjectSource,
        needs_of_roots: Vec<Need>,
    ) -> Result<(), Box<Incomplete>> {
        let mut seen: FxHashSet<(ObjectId, Role)> = FxHashSet::default();
        let mut open = needs_of_roots;
        while let Some(need) = open.pop() {
            if !seen.insert((need.id, need.role)) {
                continue;
            }
            if need.is_object() {
                self.objects.insert(need.id);
            }
            if need.is_leaf() {
                continue;
            }
            match needs(source, &need) {
                Ok(more) => {
                    if let (Role::Content, Some(manifest)) = (need.role, more.first()) {
                        self.manifests.insert(need.id, manifest.id);
                    }
                    open.extend(more);
                }
                Err(source) => return Err(Box::new(Incomplete { need, source })),
            }
        }
        Ok(())
    }
}

/// What a walk came to: objects with the roles in which they are needed.
#[derive(Debug, Default)]
pub struct Reached {
    seen: FxHashSet<(ObjectId, Role)>,
    /// Every object once, in the order of the walk, and whether it is a file's bytes.
    pub objects: Vec<(ObjectId, bool)>,
    /// The manifest of every content that has one.
    pub manifests: BTreeMap<ObjectId, ObjectId>,
}

impl Reached {
    /// Returns everything that some needs come to.
    pub fn of(source: &dyn ObjectSource, roots: Vec<Need>) -> Result<Self, Box<Incomplete>> {
        Self::default().walk(source, roots, &|_| true)
    }

    /// Adds what another walk came to, after what is there.
    pub fn extend(&mut self, other: Self) {
        let listed: FxHashSet<ObjectId> = self.objects.iter().map(|(id, _)| *id).collect();
        let new = other
            .objects
            .into_iter()
            .filter(|(id, _)| !listed.contains(id));
        self.objects.extend(new);
        self.manifests.extend(other.manifests);
        self.seen.extend(other.seen);
    }

    /// Adds the files and the measured state of commits, and not what was before them.
    pub fn of_commits(
        source: &dyn ObjectSource,
        ids: &[ObjectId],
    ) -> Result<Self, Box<Incomplete>> {
        let roots = ids.iter().map(|id| Need::new(Role::Commit, *id)).collect();
        let within = |need: &Need| !matches!(need.role, Role::Commit | Role::ChangeSet);
        Self::default().walk(source, roots, &within)
    }

    /// Returns everything that commits need beyond what is `known`, without the commits of which
    /// `has` says that they are there with all they need.
    pub fn beyond(
        source: &dyn ObjectSource,
        tips: &[ObjectId],
        known: &Self,
        has: &dyn Fn(&ObjectId) -> bool,
    ) -> Result<Self, Box<Incomplete>> {
        let news = |need: &Need| {
            let is_held = need.role == Role::Commit && has(&need.id);
            !is_held && !known.seen.contains(&(need.id, need.role))
        };
        let roots = tips.iter().map(|id| Need::new(Role::Commit, *id));
        Self::default().walk(source, roots.filter(|need| news(need)).collect(), &news)
    }

    fn walk(
        mut self,
        source: &dyn ObjectSource,
        roots: Vec<Need>,
        enters: &dyn Fn(&Need) -> bool,
    ) -> Result<Self, Box<Incomplete>> {
        let mut listed: FxHashSet<ObjectId> = FxHashSet::default();
        let mut open = roots;
        while let Some(need) = open.pop() {
            if !self.seen.insert((need.id, need.role)) {
                continue;
            }
            if need.is_object() && listed.insert(need.id) {
                let is_bytes = matches!(need.role, Role::Content | Role::Chunk);
                self.objects.push((need.id, is_bytes));
            }
            if need.is_leaf() {
                continue;
            }
            match needs(source, &need) {
                Ok(more) => {
                    if let (Role::Content, Some(manifest)) = (need.role, more.first()) {
                        self.manifests.insert(need.id, manifest.id);
                    }
                    // Reversed, so that chunks come in the order of their file.
                    open.extend(more.into_iter().rev().filter(enters));
                }
                Err(source) => return Err(Box::new(Incomplete { need, source })),
            }
        }
        Ok(self)
    }
}
