//! A file that moves and changes at once costs its change, whichever way it is told.

use std::fs;

use crate::harness::Scratch;

/// A number that looks random.
fn mixed(number: u64, salt: u64) -> u64 {
    let mut x = (number ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ x >> 32
}

fn line(number: u64, salt: u64, label: &str) -> String {
    let words = [
        "grenk", "stair", "vask", "dlod", "mum", "tris", "orn", "pell",
    ];
    let word = |at| words[(mixed(number * 16 + at, salt) % 8) as usize];
    let text: Vec<&str> = (0..8 + mixed(number, salt) % 8).map(word).collect();
    format!("{},{},{label}\n", 1000 + number * 7, text.join(" "))
}

/// Two megabytes; `changed` of a thousand records have another label.
fn csv(salt: u64, changed: u64) -> String {
    let label = |n| match mixed(n, 77) % 1000 < changed {
        true => "bird",
        false => ["cat", "dog"][(mixed(n, 5) % 2) as usize],
    };
    let lines = (0..30_000).map(|n| line(n, salt, label(n)));
    "id,text,label\n".to_owned() + &lines.collect::<String>()
}

fn packs(scratch: &Scratch) -> u64 {
    let files = fs::read_dir(scratch.path(".dver/packs")).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

/// A repository with one file, and how much its packs grew by it.
fn with_file(path: &str, bytes: &[u8]) -> (Scratch, u64) {
    let scratch = Scratch::new();
    let before = packs(&scratch);
    scratch.write(path, bytes);
    scratch.dver(&["add", "-A"]).ok();
    let grown = packs(&scratch) - before;
    scratch.dver(&["commit", "-m", "first"]).ok();
    (scratch, grown)
}

/// Commits what is staged, reads the file back, and looks at everything.
fn comes_back(scratch: &Scratch, path: &str, bytes: &[u8]) {
    scratch.dver(&["commit", "-m", "moved"]).ok();
    assert!(scratch.dver(&["cat", &format!("HEAD:{path}")]).bytes == bytes);
    scratch.remove(path);
    scratch.dver(&["restore", path]).ok();
    assert!(scratch.read(path) == bytes);
    scratch.dver(&["fsck", "--full"]).ok();
}

#[test]
fn a_moved_and_changed_file_costs_its_change_however_it_is_staged() {
    let (before, after) = (csv(1, 0), csv(1, 2));
    assert!(before.len() > 2_000_000 && before != after);
    let ways: [&dyn Fn(&Scratch); 5] = [
        &|scratch| {
            scratch.remove("raw/old.csv");
            scratch.write("clean/new.csv", &after);
            scratch.dver(&["add", "-A"]).ok();
        },
        &|scratch| {
            scratch.remove("raw/old.csv");
            scratch.write("clean/new.csv", &after);
            scratch.dver(&["add", "clean/new.csv"]).ok();
        },
        &|scratch| {
            scratch.dver(&["rm", "raw/old.csv"]).ok();
            scratch.write("clean/new.csv", &after);
            scratch.dver(&["add", "clean"]).ok();
        },
        &|scratch| {
            fs::remove_file(scratch.path("raw/old.csv")).unwrap();
            scratch.dver(&["add", "raw"]).ok();
            scratch.write("clean/new.csv", &after);
            scratch.dver(&["add", "-A"]).ok();
        },
        &|scratch| {
            scratch.dver(&["mv", "raw", "clean"]).ok();
            scratch.dver(&["mv", "clean/old.csv", "clean/new.csv"]).ok();
            scratch.write("clean/new.csv", &after);
            scratch.dver(&["add", "clean/new.csv"]).ok();
        },
    ];
    for (number, way) in ways.iter().enumerate() {
        let (scratch, first) = with_file("raw/old.csv", before.as_bytes());
        let packed = packs(&scratch);
        way(&scratch);
        let grown = packs(&scratch) - packed;
        assert!(grown * 20 < first, "way {number}: {grown} of {first}");
        comes_back(&scratch, "clean/new.csv", after.as_bytes());
    }
}

#[test]
fn a_moved_and_changed_file_without_records_costs_its_change() {
    let text: String = (0..200_000).map(|n| format!("{:x}", mixed(n, 3))).collect();
    let mut bytes = text.into_bytes();
    let (scratch, first) = with_file("weights.bin", &bytes);
    let packed = packs(&scratch);
    bytes.splice(100..100, *b"a few bytes more");
    bytes[1_500_000] ^= 1;
    scratch.remove("weights.bin");
    scratch.write("models/weights.bin", &bytes);
    scratch.dver(&["add", "-A"]).ok();
    let grown = packs(&scratch) - packed;
    assert!(grown * 20 < first, "{grown} of {first}");
    comes_back(&scratch, "models/weights.bin", &bytes);
}

#[test]
fn of_several_files_that_are_gone_the_likest_is_chosen() {
    let scratch = Scratch::new();
    for salt in 1..=3 {
        scratch.write(&format!("part{salt}.csv"), csv(salt, 0));
    }
    scratch.dver(&["add", "-A"]).ok();
    let whole = packs(&scratch);
    scratch.dver(&["commit", "-m", "first"]).ok();
    let packed = packs(&scratch);
    for salt in 1..=3 {
        scratch.remove(&format!("part{salt}.csv"));
        scratch.write(&format!("moved/{}.csv", 4 - salt), csv(salt, 2));
    }
    scratch.dver(&["add", "-A"]).ok();
    let grown = packs(&scratch) - packed;
    assert!(grown * 20 < whole, "{grown} of {whole}");
    comes_back(&scratch, "moved/1.csv", csv(3, 2).as_bytes());
}

#[test]
fn a_wrong_guess_costs_no_more_than_none() {
    // The same header, and other records below it: nothing to build on.
    let (scratch, first) = with_file("old.csv", csv(1, 0).as_bytes());
    let packed = packs(&scratch);
    let after = csv(2, 0).replace(",cat\n", ",horse\n");
    scratch.remove("old.csv");
    scratch.write("new.csv", &after);
    scratch.dver(&["add", "-A"]).ok();
    let grown = packs(&scratch) - packed;
    assert!(grown * 100 < first * 110, "{grown} of {first}");
    comes_back(&scratch, "new.csv", after.as_bytes());
}
