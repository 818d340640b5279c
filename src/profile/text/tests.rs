//! What texts are told to be, on real ones in English and Korean and on made ones.

use super::{Defect, Pii, Script, look_at};

fn defects_of(text: &str) -> Vec<Defect> {
    look_at(text).defects
}

fn pii_of(text: &str) -> Vec<Pii> {
    look_at(text).pii
}

#[test]
fn the_script_is_that_of_most_letters() {
    for (text, script) in [
        ("The food was good", Script::Latin),
        ("배송이 빨라서 좋아요 good", Script::Hangul),
        ("这家餐厅很好", Script::Han),
        ("このお店はとても良いです", Script::Kana),
        ("Хорошо", Script::Cyrillic),
        ("καλά", Script::Greek),
        ("جيد جدا", Script::Arabic),
        ("טוב", Script::Hebrew),
        ("12 345 !", Script::None),
        ("", Script::None),
    ] {
        assert_eq!(look_at(text).script, script, "{text}");
    }
}

#[test]
fn ordinary_text_has_no_defects() {
    for text in [
        "The service was slow, but the food made up for it.",
        "I paid $12.50 (incl. tip) on 3/4 - fine!",
        "배송이 정말 빨라서 좋았어요. 다음에도 또 주문할게요!",
        "ㅋㅋㅋㅋ 진짜 웃기다",
        "별로예요ㅠㅠ",
        "맛있어요👍🏽",
        "São Paulo não é pequena; déjà vu",
        "日本語のレビューです。",
        "----------------------------------------",
    ] {
        let found = defects_of(text);
        let allowed = text.starts_with('-').then_some(Defect::NoLetters);
        assert_eq!(found, Vec::from_iter(allowed), "{text}");
    }
}

#[test]
fn each_defect_is_found() {
    let words = |word: &str| vec![word; 60].join(" ");
    for (text, defect) in [
        ("  \t ".to_owned(), Defect::Blank),
        ("a\u{0}b".to_owned(), Defect::ControlCharacters),
        ("caf\u{fffd}".to_owned(), Defect::ReplacementCharacter),
        ("cafÃ©".to_owned(), Defect::Mojibake),
        ("itâ€™s".to_owned(), Defect::Mojibake),
        ("ì•ˆë…•".to_owned(), Defect::Mojibake),
        ("cafe\u{301}".to_owned(), Defect::NotNfc),
        ("?!".to_owned(), Defect::NoLetters),
        ("BUY THIS NOW".to_owned(), Defect::AllCaps),
        ("https://a.example/b".to_owned(), Defect::UrlOnly),
        (
            format!("so g{}d", "o".repeat(40)),
            Defect::RepeatedCharacter,
        ),
        ("a line\n".repeat(6), Defect::RepeatedLines),
        (words("ab"), Defect::WordLength),
        (words("tag# ofsix"), Defect::Symbols),
        (words("1234 word5 6789"), Defect::FewWords),
        ("ㅁㄴㅇㄹ".repeat(6), Defect::LoneJamo),
        ("가나다라마바".repeat(10), Defect::NoSpaces),
    ] {
        assert_eq!(defects_of(&text), [defect], "{text}");
    }
}

#[test]
fn each_kind_of_personal_data_is_found() {
    for (text, kind) in [
        ("write to kim.lee+x@mail.example.com, please", Pii::Email),
        ("call +82 10-1234-5678", Pii::Phone),
        ("전화 010-1234-5678", Pii::Phone),
        ("card 4111 1111 1111 1111 ok", Pii::CreditCard),
        ("to GB82 WEST 1234 5698 7654 32 today", Pii::Iban),
        ("from 192.168.10.1:80", Pii::Ipv4),
        ("at 00:1B:44:11:3A:B7", Pii::Mac),
        ("SSN 123-45-6789", Pii::UsSsn),
        ("주민번호 900101-1234567", Pii::KrRrn),
    ] {
        assert_eq!(pii_of(text), [kind], "{text}");
    }
}

#[test]
fn what_only_looks_like_personal_data_is_none() {
    for text in [
        "meet @ 5",
        "a@b",
        "version 1.2.3.4567",
        "1.2.3",
        "call 911",
        "4111 1111 1111 1112",
        "1700000000000",
        "order 12345678901",
        "2026-11-25 12:30:45",
        "ratio 1:2:3:4:5:6",
        "GB82 WEST 1234 5698 7654 33",
        "991399-1234567",
    ] {
        assert_eq!(pii_of(text), [], "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}|[ -~]{0,80}|[0-9 .:@+-]{0,60}|[가-힣ㄱ-ㅎ ]{0,90}") {
        defects_of(&text);
        pii_of(&text);
    }
}
