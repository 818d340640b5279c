//! Tests of ids, paths, text and varints.

use proptest::prelude::*;

use super::*;

#[test]
fn an_id_is_what_b3sum_prints() {
    let id = ObjectId::of(b"");
    assert_eq!(
        id.to_string(),
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    );
    assert_eq!(id.to_string().parse::<ObjectId>().unwrap(), id);
    assert!(id.to_string().to_uppercase().parse::<ObjectId>().is_err());
}

#[test]
fn paths_cannot_leave_the_worktree() {
    for bad in [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        ".dver/head",
        "a/.dver",
        "a\0b",
    ] {
        assert!(RepoPath::new(bad).is_err(), "{bad:?}");
    }
    for good in ["a", "a b/c\n", "한글/é", ".dver.toml", "..a"] {
        assert!(RepoPath::new(good).is_ok(), "{good:?}");
    }
}

#[test]
fn text_that_is_not_utf8_survives_json() {
    for bytes in [b"plain".to_vec(), b"\xff\x00".to_vec()] {
        let json = serde_json::to_string(&Text(bytes.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap().0, bytes);
    }
}

#[cfg(unix)]
#[test]
fn commands_end_by_themselves_or_are_stopped() {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::process::{Ended, Limits, run};

    let scratch = ScratchDir::create().unwrap();
    let sh = |number: u32, script: &str, milliseconds: u64, printed: u64| {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let log = scratch.path().join(format!("log{number}"));
        let limits = Limits {
            time: Duration::from_millis(milliseconds),
            printed,
        };
        let ended = run(command, &log, limits).unwrap();
        (ended, std::fs::read(log).unwrap())
    };
    let (ended, printed) = sh(1, "echo out; echo err >&2; exit 3", 60_000, 100);
    assert!(matches!(ended, Ended::Exited(status) if status.code() == Some(3)));
    assert_eq!(printed, b"out\nerr\n");
    let begun = Instant::now();
    assert_eq!(sh(2, "sleep 60; echo late", 50, 100).0, Ended::TookTooLong);
    let (ended, printed) = sh(3, "while true; do echo much; done", 60_000, 10_000);
    assert_eq!(ended, Ended::PrintedTooMuch);
    assert!(printed.len() > 10_000);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(
        run(
            Command::new("/no/such/program"),
            &scratch.path().join("log4"),
            Limits {
                time: Duration::from_secs(1),
                printed: 1,
            }
        )
        .is_err()
    );
}

#[test]
fn times_are_rfc_3339() {
    let at = Timestamp::from_seconds(1_700_000_000).unwrap();
    assert_eq!(at.to_string(), "2023-11-14T22:13:20Z");
    assert_eq!(Timestamp::parse("2023-11-14T22:13:20Z"), Some(at));
}

proptest! {
    #[test]
    fn varints_have_one_spelling(value: u64) {
        let mut out = Vec::new();
        varint::write(&mut out, value);
        let mut reader = varint::Reader::new(&out);
        prop_assert_eq!(reader.varint().unwrap(), value);
        prop_assert!(reader.is_empty());
    }

    #[test]
    fn random_bytes_never_panic_the_reader(bytes: Vec<u8>) {
        let mut reader = varint::Reader::new(&bytes);
        while !reader.is_empty() {
            if reader.bytes("some").is_err() { break; }
        }
    }
}
