//! The names that ratings number: classes, annotators and strata, each in one order.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::config::ClassesConfig;
use crate::record::{Cell, CellKind, Type, canonical, normalized};

/// Texts as they come, each with a number; of one thread.
#[derive(Default)]
pub(super) struct Interner {
    numbers: FxHashMap<Box<str>, u32>,
    texts: Vec<(Box<str>, CellKind)>,
}

impl Interner {
    pub(super) fn number(&mut self, cell: Cell<'_>) -> u32 {
        if let Some(number) = self.numbers.get(cell.text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(cell.text.into(), number);
        self.texts.push((cell.text.into(), cell.kind));
        number
    }

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.texts
            .iter()
            .map(|(text, kind)| Cell { kind: *kind, text })
    }
}

/// Returns classes in their order: declared ones first, then numbers by value and texts by their
/// bytes. `found` are in the spelling of their type `kind`.
pub(super) fn in_order(
    kind: Type,
    declared: Option<&ClassesConfig>,
    found: BTreeSet<String>,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for class in declared.into_iter().flat_map(|declared| &declared.values) {
        let class = normalized(&canonical(kind, Cell::text(class))).into_owned();
        if !all.contains(&class) {
            all.push(class);
        }
    }
    let known: BTreeSet<&String> = all.iter().collect();
    let mut others: Vec<String> = found.into_iter().filter(|n| !known.contains(n)).collect();
    if matches!(kind, Type::Integer | Type::Float) {
        let value = |name: &String| name.parse::<f64>().unwrap_or(f64::INFINITY);
        others.sort_by(|a, b| value(a).total_cmp(&value(b)));
    }
    all.extend(others);
    all
}

/// Names in the spelling that equal values share.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Names {
    pub(super) kind: Option<Type>,
    pub(super) all: Vec<String>,
}

impl Names {
    /// Brings together what the threads met: declared names first, then numbers by value and
    /// texts by their bytes.
    pub(super) fn of<'a>(
        met: impl Iterator<Item = &'a Interner> + Clone,
        declared: Option<&'a ClassesConfig>,
    ) -> Self {
        let kinds = met.clone().flat_map(Interner::cells).map(Type::of);
        let kind = kinds.reduce(Type::join);
        let spell = |cell| normalized(&canonical(kind.unwrap_or(Type::Null), cell)).into_owned();
        let found: BTreeSet<String> = met.flat_map(Interner::cells).map(spell).collect();
        Self {
            kind,
            all: in_order(kind.unwrap_or(Type::Null), declared, found),
        }
    }

    /// Returns the number of each text that a thread met.
    pub(super) fn numbers(&self, met: &Interner) -> Vec<u32> {
        let places: FxHashMap<&str, u32> = self.all.iter().map(String::as_str).zip(0..).collect();
        let number = |cell| {
            let name = canonical(self.kind.unwrap_or(Type::Null), cell);
            places.get(&*normalized(&name)).copied().unwrap_or(u32::MAX)
        };
        met.cells().map(number).collect()
    }
}
