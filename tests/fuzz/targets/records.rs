//! Record formats: what the parser makes and where records end agree, and cutting loses no byte.
#![no_main]

use std::convert::Infallible;

use dver::base::RepoPath;
use dver::dataset::Cutter;
use dver::record::{Batch, DeclaredDialect, Format, Layout, Npy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    if let Ok(table) = Npy::read(bytes.to_vec()) {
        let numbers = |row| table.row(row).count();
        assert!((0..table.rows()).all(|row| numbers(row) == table.columns()));
    }
    let (format, name) = match kind % 2 {
        0 => (Format::Csv, "a.csv"),
        _ => (Format::Jsonl, "a.jsonl"),
    };
    let layout = Layout::detect(format, &DeclaredDialect::default(), bytes, true);
    let body = &bytes[layout.header_bytes.min(bytes.len())..];
    let mut batch = Batch::new(&layout.fields);
    layout.parse(body, &mut batch);
    let mut ranges = Vec::new();
    layout.record_ranges(body, &mut ranges);
    assert_eq!(batch.len(), ranges.len());

    let path = RepoPath::new(name).expect("a plain name");
    let size = 1 + usize::from(*kind);
    let mut cutter = Cutter::choose(&path, bytes, true, None, None);
    let mut out = Vec::new();
    let mut emit = |chunk: &[u8], _| {
        out.extend_from_slice(chunk);
        Ok::<_, Infallible>(())
    };
    for piece in bytes.chunks(size) {
        let Ok(()) = cutter.push(piece, &mut emit);
    }
    let Ok(()) = cutter.finish(&mut emit);
    assert_eq!(out, bytes);
});
