//! Lock files and a real git repository.

use std::fs;

use super::*;
use crate::base::ObjectId;

#[test]
fn a_lock_is_one_line_and_anything_else_is_told() {
    let lock = Lock {
        commit: ObjectId::of(b"x"),
    };
    let text = lock.to_text();
    assert_eq!(Lock::parse(text.as_bytes()).unwrap(), lock);
    for wrong in [
        "",
        "commit = 1\n",
        "commit = \"ab\"\n",
        &format!("{text}{text}"),
    ] {
        assert!(Lock::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let conflict = format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n");
    let error = Lock::parse(conflict.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("conflict"), "{error}");
}

#[test]
fn git_tells_where_it_is_and_what_its_commits_hold() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    assert!(Git::find(&root).unwrap().is_none());
    assert!(
        Command::new("git")
            .arg("-C")
            .arg(&root)
            .args(["init", "-q"])
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir(root.join("sub dir")).unwrap();
    fs::write(root.join("sub dir/a"), "content").unwrap();
    let git = Git::find(&root.join("sub dir")).unwrap().unwrap();
    assert_eq!(git.top(), root);
    assert_eq!(git.common().canonicalize().unwrap(), root.join(".git"));
    git.run(&["add", "-A"]).unwrap();
    git.run(&[
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-qm",
        "one",
    ])
    .unwrap();
    let commit = git.resolve("HEAD").unwrap().unwrap();
    assert_eq!(commit.len(), 40);
    assert_eq!(
        git.file_at(&commit, Path::new("sub dir/a"))
            .unwrap()
            .unwrap(),
        b"content"
    );
    assert_eq!(git.file_at(&commit, Path::new("b")).unwrap(), None);
    assert_eq!(git.resolve("nothing").unwrap(), None);
    assert!(git.run(&["no-such-verb"]).is_err());
}
