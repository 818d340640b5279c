//! Tests of encodings.

use proptest::prelude::*;

use super::super::*;

fn decoded(encoding: Encoding, bytes: &[u8]) -> (String, bool) {
    let mut text = String::new();
    let clean = encoding.decode(bytes, &mut text);
    (text, clean)
}

#[test]
fn texts_decode_in_all_encodings() {
    let korean = encoding_rs::EUC_KR.encode("한국어, 뷁").0;
    assert_eq!(
        decoded(Encoding::Cp949, &korean),
        ("한국어, 뷁".to_owned(), true)
    );
    let wide: Vec<u8> = "é😀".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(decoded(Encoding::Utf16Be, &wide), ("é😀".to_owned(), true));
}

#[test]
fn bytes_that_are_no_text_stay_apart() {
    for (encoding, bytes, expected) in [
        (Encoding::Utf8, &b"a\xffb\xc3"[..], "a\u{fffd}ffb\u{fffd}c3"),
        (Encoding::Utf8, b"\xe2\x82(", "\u{fffd}e2\u{fffd}82("),
        (
            Encoding::Utf16Le,
            b"a\0\x00\xd8b\0",
            "a\u{fffd}d8\u{fffd}00b",
        ),
        (Encoding::Utf16Le, b"a\0b", "a\u{fffd}62"),
        (Encoding::Cp949, b"a\xff,", "a\u{fffd}ff,"),
        (Encoding::Cp949, b"a\xc7,", "a\u{fffd}c7,"),
        (Encoding::Cp949, b"a\xc7", "a\u{fffd}c7"),
    ] {
        assert_eq!(
            decoded(encoding, bytes),
            (expected.to_owned(), false),
            "{bytes:x?}"
        );
    }
}

#[test]
fn names_of_encodings_read_back() {
    for encoding in Encoding::ALL {
        assert_eq!(Encoding::from_name(encoding.name()), Some(encoding));
    }
    assert_eq!(Encoding::from_name("EUC-KR"), Some(Encoding::Cp949));
}

proptest! {
    #[test]
    fn different_bytes_decode_to_different_texts(
        a in proptest::collection::vec(any::<u8>(), 0..6),
        b in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        // These two have two codes for some characters.
        let twice = [Encoding::ShiftJis, Encoding::Gb18030];
        for encoding in Encoding::ALL.into_iter().filter(|own| !twice.contains(own)) {
            if a != b {
                prop_assert_ne!(decoded(encoding, &a), decoded(encoding, &b));
            }
        }
    }

    #[test]
    fn korean_bytes_lose_nothing(bytes in proptest::collection::vec(
        prop_oneof![0x80u8..=0xff, 0x20u8..0x7f], 0..30))
    {
        let (text, clean) = decoded(Encoding::Cp949, &bytes);
        if clean {
            let back = encoding_rs::EUC_KR.encode(&text).0;
            prop_assert_eq!(&*back, &bytes[..]);
        }
    }
}
