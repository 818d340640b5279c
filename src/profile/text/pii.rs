//! Personal data, by kind: what a text holds that should perhaps not be in it.
//!
//! Checksums decide where there are some. A hit is a hint for a person to look, not a verdict.

use super::script::Shape;

/// A kind of personal data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Pii {
    /// An address of e-mail.
    Email,
    /// A telephone number in international form, or a Korean one.
    Phone,
    /// A number of 13 to 19 digits that passes the check of Luhn.
    CreditCard,
    /// An international bank account number: mod 97 is 1.
    Iban,
    /// An IPv4 address.
    Ipv4,
    /// A MAC address.
    Mac,
    /// A social security number of the United States, written with hyphens.
    UsSsn,
    /// A Korean resident registration number: date and century digit are possible.
    KrRrn,
}

impl Pii {
    /// All kinds, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Email,
        Self::Phone,
        Self::CreditCard,
        Self::Iban,
        Self::Ipv4,
        Self::Mac,
        Self::UsSsn,
        Self::KrRrn,
    ];

    /// Returns the name that metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::CreditCard => "credit_card",
            Self::Iban => "iban",
            Self::Ipv4 => "ipv4",
            Self::Mac => "mac",
            Self::UsSsn => "us_ssn",
            Self::KrRrn => "kr_rrn",
        }
    }
}

/// Tells each kind that a text holds once.
pub(super) fn each(text: &str, shape: &Shape, mut tell: impl FnMut(Pii)) {
    // Most texts have nothing that any kind could be made of.
    if shape.digits < 4 && shape.marks == 0 {
        return;
    }
    if shape.marks > 0 && has_email(text) {
        tell(Pii::Email);
    }
    if shape.marks >= 5 && shape.letters.iter().sum::<u32>() + shape.digits >= 12 && has_mac(text) {
        tell(Pii::Mac);
    }
    if shape.digits < 4 {
        return;
    }
    let mut found = [false; Pii::ALL.len()];
    for kind in Numbers(text).filter_map(|number| number.kind()) {
        found[kind as usize] = true;
    }
    found[Pii::Iban as usize] = shape.upper >= 2 && shape.digits >= 11 && has_iban(text);
    for kind in Pii::ALL {
        if found[kind as usize] {
            tell(kind);
        }
    }
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

fn has_email(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'@', bytes).any(|at| {
        let local = bytes[..at]
            .iter()
            .rev()
            .take_while(|b| is_local(**b))
            .count();
        let domain = bytes[at + 1..].iter();
        let length = domain.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        let domain = text[at + 1..at + 1 + length.count()].trim_end_matches(['.', '-']);
        let top = domain.rsplit_once('.');
        local > 0
            && bytes[at - 1] != b'.'
            && top.is_some_and(|(host, top)| {
                !host.is_empty() && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic())
            })
    })
}

fn has_mac(text: &str) -> bool {
    let mut words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':'));
    words.any(|word| {
        let mut parts = word.split(':');
        let six = parts
            .by_ref()
            .take(6)
            .filter(|part| part.len() == 2)
            .count()
            == 6;
        six && parts.next().is_none()
    })
}

fn has_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = (0..bytes.len().saturating_sub(14)).filter(|&at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric())
            && bytes[at].is_ascii_uppercase()
            && bytes[at + 1].is_ascii_uppercase()
            && bytes[at + 2].is_ascii_digit()
            && bytes[at + 3].is_ascii_digit()
    });
    starts.into_iter().any(|at| {
        let part = |b: &&u8| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b' ';
        let account: Vec<u8> = bytes[at..].iter().take_while(part).copied().collect();
        let account: Vec<u8> = account
            .into_iter()
            .filter(|b| *b != b' ')
            .take(34)
            .collect();
        // What follows the number may be read along: any length that fits is good.
        (15..=account.len()).any(|length| is_iban(&account[..length]))
    })
}

fn is_iban(account: &[u8]) -> bool {
    let turned = account[4..].iter().chain(&account[..4]);
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    rest == 1
}

/// Numbers of a text: digits with single hyphens, points or spaces between them.
struct Numbers<'a>(&'a str);

/// One of them, as it is written.
struct Number<'a> {
    text: &'a str,
    /// Whether a plus stands before it.
    plus: bool,
}

impl<'a> Iterator for Numbers<'a> {
    type Item = Number<'a>;

    fn next(&mut self) -> Option<Number<'a>> {
        let bytes = self.0.as_bytes();
        let start = bytes.iter().position(u8::is_ascii_digit)?;
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            let between = matches!(byte, b'-' | b'.' | b' ')
                && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            if !byte.is_ascii_digit() && !between {
                break;
            }
            end += 1;
        }
        let word = |at: Option<&u8>| at.is_some_and(|b| b.is_ascii_alphabetic());
        let glued = word(start.checked_sub(1).and_then(|at| bytes.get(at))) || word(bytes.get(end));
        let number = Number {
            // Digits in the middle of a word are part of a name.
            text: if glued { "" } else { &self.0[start..end] },
            plus: start > 0 && bytes[start - 1] == b'+',
        };
        self.0 = &self.0[end..];
        Some(number)
    }
}

impl Number<'_> {
    fn kind(&self) -> Option<Pii> {
        let digits: Vec<u8> = self.text.bytes().filter(u8::is_ascii_digit).collect();
        let groups: Vec<usize> = self.text.split('-').map(str::len).collect();
        let plain = !self.text.contains('.');
        match digits.len() {
            4..=12 if is_ipv4(self.text) => Some(Pii::Ipv4),
            9 if groups == [3, 2, 4] && is_ssn(&digits) => Some(Pii::UsSsn),
            13 if groups == [6, 7] && is_rrn(&digits) => Some(Pii::KrRrn),
            8..=15 if self.plus && plain => Some(Pii::Phone),
            10 | 11 if digits.starts_with(b"01") && groups.len() == 3 => Some(Pii::Phone),
            13..=19 if plain && is_card(&digits) => Some(Pii::CreditCard),
            _ => None,
        }
    }
}

fn is_ipv4(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4
        && parts.iter().all(|part| {
            let leading = part.len() > 1 && part.starts_with('0');
            !leading && part.parse::<u8>().is_ok()
        })
}

fn is_ssn(digits: &[u8]) -> bool {
    let area = &digits[..3];
    area != b"000" && area != b"666" && area[0] != b'9' && &digits[3..5] != b"00"
}

fn is_rrn(digits: &[u8]) -> bool {
    let two = |at: usize| (digits[at] - b'0') * 10 + digits[at + 1] - b'0';
    // Numbers given since October 2020 have no check digit, so none is asked for.
    (1..=12).contains(&two(2)) && (1..=31).contains(&two(4)) && (b'1'..=b'8').contains(&digits[6])
}

fn is_card(digits: &[u8]) -> bool {
    let doubled = |(at, byte): (usize, &u8)| {
        let digit = u32::from(byte - b'0');
        match at % 2 {
            0 => digit,
            _ if digit > 4 => 2 * digit - 9,
            _ => 2 * digit,
        }
    };
    // Cards begin with 2 to 6; time stamps in milliseconds begin with 1.
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    (b'2'..=b'6').contains(&digits[0]) && sum.is_multiple_of(10)
}
