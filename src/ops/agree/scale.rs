//! The scale on which agreement is told, with the values of the classes.

use crate::dataset::Declaration;
use crate::quality::agreement::{Distance, Ratings, Scale as ScaleName, Shape};
use crate::record::Type;

use super::super::error::Error;

/// A scale with the values of its classes.
pub(super) struct Scale {
    scale: ScaleName,
    values: Vec<f64>,
}

impl Scale {
    pub(super) fn name(&self) -> &'static str {
        self.scale.name()
    }

    pub(super) fn distance(&self) -> Distance<'_> {
        self.scale.distance(&self.values)
    }

    /// Returns whether classes have an order, so that disagreements can weigh more or less.
    pub(super) fn is_ordered(&self) -> bool {
        self.scale.is_ordered()
    }
}

/// Finds the scale that is asked for, or the one that the declaration gives.
pub(super) fn resolve(
    asked: Option<ScaleName>,
    declaration: &Declaration,
    shape: Shape<'_>,
    names: &Ratings,
) -> Result<Scale, Error> {
    let first = declaration.roles.labels().first().map(String::as_str);
    let field = match shape {
        Shape::Long(label) => label,
        Shape::Wide => first.unwrap_or_default(),
    };
    // Declared classes are those of the first label field.
    let declared = declaration
        .classes
        .as_ref()
        .filter(|_| first == Some(field));
    let said = declared.and_then(|classes| ScaleName::named(classes.scale()));
    let scale = asked.or(said).unwrap_or(ScaleName::Nominal);
    let has_order = said.is_some_and(ScaleName::is_ordered);
    let numbers = matches!(names.kind, Some(Type::Integer | Type::Float) | None);
    if scale == ScaleName::Ordinal && !has_order && !numbers {
        return Err(Error::ScaleNeedsOrder {
            field: field.to_owned(),
        });
    }
    let values = scale.values(&names.classes);
    let values = values.map_err(|class| Error::ScaleNeedsNumbers {
        scale: scale.name(),
        field: field.to_owned(),
        value: class.clone(),
    })?;
    Ok(Scale { scale, values })
}
