//! Scales: what it means that two classes differ.

use crate::dataset::Declaration;
use crate::quality::agreement::{Distance, Ratings, Shape};
use crate::record::Type;

use super::super::error::Error;

/// A scale, by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScaleName {
    /// Classes are equal or not.
    Nominal,
    /// Classes have an order.
    Ordinal,
    /// Classes are numbers whose differences mean something.
    Interval,
    /// Classes are numbers from 0 on whose ratios mean something.
    Ratio,
}

impl ScaleName {
    fn name(self) -> &'static str {
        match self {
            Self::Nominal => "nominal",
            Self::Ordinal => "ordinal",
            Self::Interval => "interval",
            Self::Ratio => "ratio",
        }
    }
}

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
        match self.scale {
            ScaleName::Nominal => Distance::Nominal,
            ScaleName::Ordinal => Distance::Ordinal,
            ScaleName::Interval => Distance::Interval(&self.values),
            ScaleName::Ratio => Distance::Ratio(&self.values),
        }
    }

    /// Returns whether classes have an order, so that disagreements can weigh more or less.
    pub(super) fn is_ordered(&self) -> bool {
        self.scale != ScaleName::Nominal
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
    let declared = first == Some(field);
    let ordered = declaration
        .classes
        .as_ref()
        .is_some_and(|c| c.ordered && declared);
    let scale = asked.unwrap_or(match ordered {
        true => ScaleName::Ordinal,
        false => ScaleName::Nominal,
    });
    let numbers = matches!(names.kind, Some(Type::Integer | Type::Float) | None);
    if scale == ScaleName::Ordinal && !ordered && !numbers {
        return Err(Error::ScaleNeedsOrder {
            field: field.to_owned(),
        });
    }
    let mut values = Vec::new();
    if matches!(scale, ScaleName::Interval | ScaleName::Ratio) {
        for class in &names.classes {
            let value = class.parse::<f64>().ok().filter(|value| value.is_finite());
            values.push(value.ok_or_else(|| Error::ScaleNeedsNumbers {
                scale: scale.name(),
                field: field.to_owned(),
                value: class.clone(),
            })?);
        }
    }
    Ok(Scale { scale, values })
}
