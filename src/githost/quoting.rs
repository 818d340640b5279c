//! Paths and words as shells and git's own settings read them, on every system.
//!
//! Pure functions: which system is meant is an argument, so that each is tested on all of them.

use super::Error;

/// The system whose spelling is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum System {
    /// Linux, macOS and the like.
    Unix,
    /// Windows; hooks and git's own commands run in the `sh` that git brings there.
    Windows,
}

impl System {
    /// The system that this runs on.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Unix
    };
}

/// Quotes a word for `sh`: whatever it holds, it stays one word, and nothing in it is read.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Quotes a word for people to type: bare where every shell of the system reads it as it is.
///
/// On Windows in the quotes that `cmd` and PowerShell both know; a name there holds no `"`. A
/// backslash before the closing quote is doubled, as programs undo it.
pub fn typed(text: &str, system: System) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@+=,".contains(c);
    match system {
        _ if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        System::Unix => quoted(text),
        System::Windows if !text.is_empty() && text.chars().all(|c| is_plain(c) || c == '\\') => {
            text.to_owned()
        }
        System::Windows => {
            let end = text.len() - text.trim_end_matches('\\').len();
            format!("\"{text}{}\"", "\\".repeat(end))
        }
    }
}

/// Returns a path with the slashes that git and `sh` read. On Windows a backslash parts
/// directories, and the mark of a verbatim path goes.
pub fn slashed(path: &str, system: System) -> String {
    if system == System::Unix {
        return path.to_owned(); // a backslash is part of a name
    }
    let path = path.replace('\\', "/");
    match path.strip_prefix("//?/") {
        Some(rest) => match rest.strip_prefix("UNC/") {
            Some(share) => format!("//{share}"),
            None => rest.to_owned(),
        },
        None => path,
    }
}

/// Returns the path of a program as a word of `sh`. `sh` of git for Windows reads `C:/Program Files`.
pub fn program(path: &std::path::Path, system: System) -> Result<String, Error> {
    let text = path.to_str().ok_or(Error::NotText)?;
    Ok(quoted(&slashed(text, system)))
}

/// Returns words for the command of a merge driver, in which git reads `%` as the beginning of a
/// name of its own.
pub fn in_merge_driver(words: &str) -> String {
    words.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_word_for_sh_stays_one_word() {
        let words = [
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("100% & $HOME `x` \"y\"", "'100% & $HOME `x` \"y\"'"),
            ("a\\", "'a\\'"),
            ("a\nb", "'a\nb'"),
        ];
        for (word, wanted) in words {
            assert_eq!(quoted(word), wanted);
        }
        // What `sh` itself makes of it.
        for (word, _) in words {
            let script = format!("printf %s {}", quoted(word));
            let told = Command::new("sh").args(["-c", &script]).output();
            let told = told.expect("sh is there").stdout;
            assert_eq!(String::from_utf8_lossy(&told), word);
        }
    }

    #[test]
    fn programs_of_windows_are_words_of_the_sh_that_git_brings() {
        for (path, wanted) in [
            (
                r"C:\Program Files\dver\dver.exe",
                "'C:/Program Files/dver/dver.exe'",
            ),
            (
                r"C:/Program Files/dver/dver.exe",
                "'C:/Program Files/dver/dver.exe'",
            ),
            (r"\\?\C:\Users\Ada\dver.exe", "'C:/Users/Ada/dver.exe'"),
            (
                r"\\server\tools & more\dver.exe",
                "'//server/tools & more/dver.exe'",
            ),
            (
                r"\\?\UNC\server\share\dver.exe",
                "'//server/share/dver.exe'",
            ),
            (r"D:\100%\Ada's\dver.exe", r"'D:/100%/Ada'\''s/dver.exe'"),
            (r"C:\Users\가나\dver.exe", "'C:/Users/가나/dver.exe'"),
            (r"C:\dver\", "'C:/dver/'"),
        ] {
            let found = program(Path::new(path), System::Windows).unwrap();
            assert_eq!(found, wanted);
        }
        // Elsewhere a backslash is part of a name.
        let found = program(Path::new(r"/opt/a\b/it's"), System::Unix).unwrap();
        assert_eq!(found, r"'/opt/a\b/it'\''s'");
        assert_eq!(slashed(r"a\b", System::Unix), r"a\b");
    }

    #[test]
    fn what_people_type_is_quoted_where_it_must_be() {
        for (word, unix, windows) in [
            ("data/pets", "data/pets", "data/pets"),
            ("the data", "'the data'", "\"the data\""),
            (r"C:\pets", r"'C:\pets'", r"C:\pets"),
            (r"the data\", r"'the data\'", r#""the data\\""#),
            (r"a b\\", r"'a b\\'", r#""a b\\\\""#),
            ("a&b", "'a&b'", "\"a&b\""),
            ("100%", "'100%'", "\"100%\""),
            ("(x)^y", "'(x)^y'", "\"(x)^y\""),
            ("", "''", "\"\""),
            ("it's", "'it'\\''s'", "\"it's\""),
        ] {
            assert_eq!(typed(word, System::Unix), unix);
            assert_eq!(typed(word, System::Windows), windows);
        }
    }

    #[test]
    fn percent_signs_are_not_names_of_a_merge_driver() {
        assert_eq!(in_merge_driver("'/opt/100%A/dver'"), "'/opt/100%%A/dver'");
    }
}
