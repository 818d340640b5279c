//! Files of predictions, as other programs write them: CSV or JSON Lines.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::Predictions;
use crate::record::{Batch, DeclaredDialect, Format, HEAD_BYTES, Layout};

use super::super::error::Error;
use super::sets::spelled;

/// The longest file that is read.
const LONGEST: usize = 1 << 30;
/// What stands before the name of a class in the name of its column of probabilities.
const PROBABILITY: &str = "p_";

/// Parses a list: JSON Lines where it begins with a brace, else CSV with a header.
pub(super) fn parsed(bytes: &[u8]) -> Result<(Format, Batch), &'static str> {
    if bytes.len() > LONGEST {
        return Err("it is longer than 1 GiB");
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    let format = match first {
        Some(b'{') => Format::Jsonl,
        _ => Format::Csv,
    };
    let declared = DeclaredDialect {
        header: (format == Format::Csv).then_some(true),
        ..DeclaredDialect::default()
    };
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let layout = Layout::detect(format, &declared, head, bytes.len() <= HEAD_BYTES);
    let mut batch = Batch::new(&layout.fields);
    let body = bytes.get(layout.header_bytes..).unwrap_or_default();
    layout.parse(body, &mut batch);
    Ok((format, batch))
}

/// Reads predictions: the key fields, the column with the predicted class, and where there are
/// some, a column `p_CLASS` for each class or one `confidence`.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    key: &[String],
    column: &str,
) -> Result<Predictions, Error> {
    let wrong = |place: u64, reason: String| Error::PredictionList {
        name: name.to_owned(),
        place,
        reason,
    };
    let (_, batch) = parsed(bytes).map_err(|reason| wrong(0, reason.to_owned()))?;
    let place = |field: &str| {
        let missing = || wrong(0, format!("it has no column `{field}`"));
        batch.field(field).ok_or_else(missing)
    };
    let keys: Vec<usize> = key
        .iter()
        .map(|field| place(field))
        .collect::<Result<_, _>>()?;
    let (said, sure) = (place(column)?, batch.field("confidence"));
    let mut rows: BTreeMap<Vec<String>, (String, Option<u32>)> = BTreeMap::new();
    for (number, record) in (1..).zip(batch.records()) {
        if let Some(problem) = record.problem() {
            return Err(wrong(number, problem.name().replace('_', " ")));
        }
        let parts = keys.iter().map(|at| record.cell(*at).map(spelled));
        let Some(parts) = parts.collect::<Option<Vec<String>>>() else {
            return Err(wrong(number, "its key is not whole".to_owned()));
        };
        // A model that says nothing of a record said nothing: the record is missed below.
        let Some(class) = record.cell(said) else {
            continue;
        };
        let own = || batch.field(&format!("{PROBABILITY}{}", class.text));
        let sure = sure.or_else(own).and_then(|at| record.cell(at));
        let sure = sure.map(|cell| match cell.text.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok((share * 1e6).round() as u32),
            _ => Err(wrong(number, format!("`{}` is no probability", cell.text))),
        });
        let row = (spelled(class), sure.transpose()?);
        if rows.insert(parts, row).is_some() {
            return Err(wrong(number, "another record has the same key".to_owned()));
        }
    }
    Ok(collected(key.to_vec(), rows))
}

/// Puts predictions together: of each key the class, and how sure the model was of it in millionths.
pub(super) fn collected(
    key: Vec<String>,
    rows: BTreeMap<Vec<String>, (String, Option<u32>)>,
) -> Predictions {
    let classes: BTreeSet<&String> = rows.values().map(|(class, _)| class).collect();
    let classes: Vec<String> = classes.into_iter().cloned().collect();
    let confidence = rows.values().map(|(_, sure)| *sure).collect::<Option<_>>();
    let at = |class: &String| classes.binary_search(class).unwrap_or(0) as u32;
    Predictions {
        key,
        predicted: rows.values().map(|(class, _)| at(class)).collect(),
        confidence: confidence.filter(|_| !rows.is_empty()),
        keys: rows.into_keys().collect(),
        classes,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    proptest! {
        #[test]
        fn random_bytes_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            head in prop::sample::select(vec!["", "id,prediction\n", "id,prediction,confidence\n", "{\"id\":1,"]),
        ) {
            let all = [head.as_bytes(), &bytes].concat();
            if let Ok(read) = read("f", &all, &["id".to_owned()], "prediction") {
                prop_assert_eq!(read.keys.len(), read.predicted.len());
                prop_assert!(read.predicted.iter().all(|at| (*at as usize) < read.classes.len()));
                prop_assert!(read.keys.is_sorted() && read.classes.is_sorted());
                prop_assert!(read.keys.len() <= all.len());
            }
        }
    }
}
