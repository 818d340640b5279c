//! Tests of heads and of swapping them.

use proptest::prelude::*;

use super::*;
use crate::base::ObjectId;
use crate::object::Refs;

fn head(names: &[&str]) -> Head {
    let refs = names
        .iter()
        .map(|name| ((*name).to_owned(), ObjectId::of(name.as_bytes())));
    Head {
        refs: Refs(refs.collect()),
        attachments: None,
    }
}

#[test]
fn a_head_reads_back_as_it_was_written() {
    for names in [
        &[][..],
        &["heads/main"],
        &["heads/a", "heads/fix/b", "tags/v1"],
    ] {
        let mut head = head(names);
        assert_eq!(Head::decode(&head.encode()), Ok(head.clone()));
        head.attachments = Some(ObjectId::of(b"attachments"));
        assert_eq!(Head::decode(&head.encode()), Ok(head));
    }
}

#[test]
fn a_head_that_is_cut_off_is_refused() {
    let bytes = head(&["heads/main", "tags/v1"]).encode();
    for length in 0..bytes.len() {
        let cut = Head::decode(&bytes[..length]);
        assert!(
            cut.is_err() || cut.is_ok_and(|head| head.refs.0.len() < 2),
            "{length}"
        );
    }
}

#[test]
fn only_who_saw_the_head_last_replaces_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut remote = Directory::new(&dir.path().join("shared"));
    let held = remote.lock("a test", &mut |_| ()).unwrap();
    let (first, second) = (head(&["heads/a"]), head(&["heads/b"]));
    assert!(remote.swap(&held, None, &first).unwrap());
    assert!(!remote.swap(&held, None, &second).unwrap());
    assert!(remote.swap(&held, Some(&first), &second).unwrap());
    assert_eq!(remote.head().unwrap(), Some(second));
}

#[test]
fn a_directory_with_other_files_does_not_become_a_remote() {
    let dir = tempfile::tempdir().unwrap();
    crate::base::fsio::write_durable(&dir.path().join("thesis.txt"), b"mine").unwrap();
    let refused = Directory::new(dir.path()).lock("a test", &mut |_| ());
    assert!(matches!(refused, Err(Error::NotARemote { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_a_head_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Head::decode(&bytes);
        let _ = Head::decode(&[b"dver remote 1\n".as_slice(), &bytes].concat());
    }
}
