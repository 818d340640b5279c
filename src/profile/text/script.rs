//! Scripts: in which one most letters of a text are, and what else one look at it tells.

/// The script of most letters of a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Script {
    /// No letters.
    None,
    /// Latin letters.
    Latin,
    /// Korean letters.
    Hangul,
    /// Chinese characters without kana beside them.
    Han,
    /// Kana, with or without Chinese characters: Japanese.
    Kana,
    /// Cyrillic letters.
    Cyrillic,
    /// Greek letters.
    Greek,
    /// Arabic letters.
    Arabic,
    /// Hebrew letters.
    Hebrew,
    /// Devanagari letters.
    Devanagari,
    /// Thai letters.
    Thai,
    /// Letters of another script.
    Other,
}

impl Script {
    /// All scripts, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Latin,
        Self::Hangul,
        Self::Han,
        Self::Kana,
        Self::Cyrillic,
        Self::Greek,
        Self::Arabic,
        Self::Hebrew,
        Self::Devanagari,
        Self::Thai,
        Self::Other,
    ];

    /// Returns the name that metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Latin => "latin",
            Self::Hangul => "hangul",
            Self::Han => "han",
            Self::Kana => "kana",
            Self::Cyrillic => "cyrillic",
            Self::Greek => "greek",
            Self::Arabic => "arabic",
            Self::Hebrew => "hebrew",
            Self::Devanagari => "devanagari",
            Self::Thai => "thai",
            Self::Other => "other",
        }
    }

    fn of(letter: char) -> Self {
        match letter as u32 {
            0x41..=0x24f | 0x1e00..=0x1eff | 0x2c60..=0x2c7f | 0xa720..=0xa7ff => Self::Latin,
            0xff21..=0xff5a => Self::Latin,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff => Self::Hangul,
            0x3040..=0x30ff | 0x31f0..=0x31ff | 0xff66..=0xff9f => Self::Kana,
            0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff => Self::Han,
            0xf900..=0xfaff | 0x20000..=0x3ffff => Self::Han,
            0x370..=0x3ff | 0x1f00..=0x1fff => Self::Greek,
            0x400..=0x52f | 0x1c80..=0x1c8f | 0x2de0..=0x2dff | 0xa640..=0xa69f => Self::Cyrillic,
            0x590..=0x5ff | 0xfb1d..=0xfb4f => Self::Hebrew,
            0x600..=0x6ff | 0x750..=0x77f | 0x8a0..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => {
                Self::Arabic
            }
            0x900..=0x97f | 0xa8e0..=0xa8ff => Self::Devanagari,
            0xe00..=0xe7f => Self::Thai,
            _ => Self::Other,
        }
    }
}

/// What one look at a text tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    /// Whether all of it is ASCII.
    pub ascii: bool,
    /// Letters by script.
    pub letters: [u32; Script::ALL.len()],
    /// Upper-case and lower-case ASCII letters.
    pub upper: u32,
    /// Lower-case ASCII letters.
    pub lower: u32,
    /// ASCII digits.
    pub digits: u32,
    /// Characters that are white space.
    pub spaces: u32,
    /// Control characters other than tabs and line ends.
    pub controls: u32,
    /// How many line feeds there are.
    pub lines: u32,
    /// How often `@` or `:` stand in it.
    pub marks: u32,
    /// Hangul letters that are no syllables.
    pub jamo: u32,
}

/// How many classes of bytes are counted.
const LANES: usize = 8;

/// For each byte a one in the lane of its class. A sum of at most 255 of them has each class's
/// count in a byte of its own.
const CLASSES: [u64; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let lane = match byte as u8 {
            b'A'..=b'Z' => Some(0),
            b'a'..=b'z' => Some(1),
            b'0'..=b'9' => Some(2),
            b' ' | b'\t' | b'\r' => Some(3),
            b'\n' => Some(4),
            0..=31 | 127 => Some(5),
            b'@' | b':' => Some(6),
            128.. => Some(7),
            _ => None,
        };
        if let Some(lane) = lane {
            classes[byte] = 1 << (8 * lane);
        }
        byte += 1;
    }
    classes
};

impl Shape {
    /// Looks at a text.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut shape = Self::of_bytes(bytes);
        if !shape.ascii {
            shape.look_at_others(text);
        }
        shape
    }

    /// Counts ASCII characters by class, one addition a byte: most texts are nothing else.
    fn of_bytes(bytes: &[u8]) -> Self {
        let mut counts = [0u32; LANES];
        for part in bytes.chunks(usize::from(u8::MAX)) {
            let sums = part
                .iter()
                .fold(0u64, |sums, byte| sums + CLASSES[usize::from(*byte)]);
            for (count, sum) in counts.iter_mut().zip(sums.to_le_bytes()) {
                *count += u32::from(sum);
            }
        }
        let [upper, lower, digits, blanks, lines, controls, marks, high] = counts;
        let mut letters = [0; Script::ALL.len()];
        letters[Script::Latin as usize] = upper + lower;
        Self {
            ascii: high == 0,
            letters,
            upper,
            lower,
            digits,
            spaces: blanks + lines,
            lines,
            controls,
            marks,
            jamo: 0,
        }
    }

    fn look_at_others(&mut self, text: &str) {
        for letter in text.chars().filter(|c| !c.is_ascii()) {
            if letter.is_alphabetic() {
                let script = Script::of(letter);
                self.letters[script as usize] += 1;
                let syllable = matches!(letter as u32, 0xac00..=0xd7a3);
                self.jamo += u32::from(script == Script::Hangul && !syllable);
            } else {
                self.spaces += u32::from(letter.is_whitespace());
                self.controls += u32::from(letter.is_control());
            }
        }
    }

    /// Returns how many letters there are.
    pub(super) fn all_letters(&self) -> u32 {
        self.letters.iter().sum()
    }

    /// Returns the script of most letters; where Han and kana stand together it is Japanese.
    pub(super) fn script(&self) -> Script {
        let count = |script: Script| self.letters[script as usize];
        let mut best = (0, Script::None);
        for script in Script::ALL {
            let letters = match script {
                Script::Kana if count(Script::Kana) > 0 => count(Script::Kana) + count(Script::Han),
                Script::Han if count(Script::Kana) > 0 => 0,
                _ => count(script),
            };
            if letters > best.0 {
                best = (letters, script);
            }
        }
        best.1
    }
}
