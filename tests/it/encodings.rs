//! Tables in the encodings of the world: found at `add`, kept byte for byte, and the same table
//! when somebody saves it in UTF-8.

use std::fmt::Write as _;

use encoding_rs as rs;
use serde_json::json;

use crate::harness::Scratch;

type Encode = fn(&str) -> Vec<u8>;

fn web(encoding: &'static rs::Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, unmappable) = encoding.encode(text);
    assert!(!unmappable, "{text} is not in {}", encoding.name());
    bytes.into_owned()
}

/// Encodings with sentences and labels of those who use them.
const TABLES: [(&str, Encode, [&str; 3], [&str; 3]); 17] = [
    (
        "cp949",
        |text| web(rs::EUC_KR, text),
        ["배송이 빨라요", "포장이 엉망", "그냥 그래요"],
        ["긍정", "부정", "중립"],
    ),
    (
        "shift_jis",
        |text| web(rs::SHIFT_JIS, text),
        ["とても良い商品", "箱が壊れていた", "普通の性能です"],
        ["肯定", "否定", "中立"],
    ),
    (
        "gb18030",
        |text| web(rs::GB18030, text),
        ["物流很快，包装很好", "东西坏了", "一般般"],
        ["正面", "负面", "中性"],
    ),
    (
        "windows-1250",
        |text| web(rs::WINDOWS_1250, text),
        [
            "Szybka wysyłka i świetna jakość",
            "Paczka była zniszczona",
            "Może być",
        ],
        ["dobry", "zły", "średni"],
    ),
    (
        "windows-1251",
        |text| web(rs::WINDOWS_1251, text),
        ["Доставка быстрая", "Товар сломан", "Так себе"],
        ["хорошо", "плохо", "средне"],
    ),
    (
        "windows-1252",
        |text| web(rs::WINDOWS_1252, text),
        ["Livraison très rapide", "Le colis était abîmé", "Ça va"],
        ["positif", "négatif", "neutre"],
    ),
    (
        "windows-1253",
        |text| web(rs::WINDOWS_1253, text),
        [
            "Η παράδοση ήταν γρήγορη",
            "Το προϊόν ήρθε σπασμένο",
            "Έτσι κι έτσι",
        ],
        ["θετικό", "αρνητικό", "ουδέτερο"],
    ),
    (
        "windows-1254",
        |text| web(rs::WINDOWS_1254, text),
        [
            "Kargo çok hızlıydı",
            "Paket kırılmıştı, beğenmedim",
            "Eh işte",
        ],
        ["olumlu", "olumsuz", "nötr"],
    ),
    (
        "windows-1255",
        |text| web(rs::WINDOWS_1255, text),
        ["המשלוח היה מהיר מאוד", "המוצר הגיע שבור", "ככה ככה"],
        ["חיובי", "שלילי", "ניטרלי"],
    ),
    (
        "windows-1256",
        |text| web(rs::WINDOWS_1256, text),
        ["كان التوصيل سريعا جدا", "وصل المنتج مكسورا", "لا بأس به"],
        ["إيجابي", "سلبي", "محايد"],
    ),
    (
        "windows-1257",
        |text| web(rs::WINDOWS_1257, text),
        [
            "Pristatymas buvo labai greitas",
            "Prekė atėjo sulūžusi",
            "Šiaip sau, nieko ypatingo",
        ],
        ["gerai", "blogai", "vidutiniškai"],
    ),
    (
        "windows-1258",
        // This code page writes tones as marks of their own.
        |text| web(rs::WINDOWS_1258, text),
        [
            "Giao ha\u{300}ng râ\u{301}t nhanh",
            "Hô\u{323}p bi\u{323} vơ\u{303}",
            "Cu\u{303}ng đươ\u{323}c",
        ],
        ["tô\u{301}t", "xâ\u{301}u", "bi\u{300}nh thươ\u{300}ng"],
    ),
    (
        "utf-16le",
        |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ["배송이 빨라요", "とても良い", "😀"],
        ["a", "나", "ç"],
    ),
    (
        "utf-16be",
        |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ["배송이 빨라요", "とても良い", "😀"],
        ["a", "나", "ç"],
    ),
    (
        "utf-32le",
        |text| {
            text.chars()
                .flat_map(|c| u32::from(c).to_le_bytes())
                .collect()
        },
        ["plain", "とても良い", "😀"],
        ["a", "b", "c"],
    ),
    (
        "utf-32be",
        |text| {
            text.chars()
                .flat_map(|c| u32::from(c).to_be_bytes())
                .collect()
        },
        ["배송이 빨라요", "とても良い", "😀"],
        ["a", "나", "ç"],
    ),
    (
        "utf-8",
        |text| format!("\u{feff}{text}").into_bytes(),
        ["배송이 빨라요", "とても良い", "😀"],
        ["a", "나", "ç"],
    ),
];

#[test]
fn a_table_saved_anew_in_utf_8_is_a_change_of_dialect_and_nothing_else() {
    for (name, encode, texts, labels) in TABLES {
        let mut table = "id,text,label\n".to_owned();
        for id in 0..60 {
            let (text, label) = (texts[id % 3], labels[id % 3]);
            writeln!(table, "{id},\"{text}, {id}\",{label}").unwrap();
        }
        let bytes = encode(&table);
        let scratch = Scratch::new();
        scratch.write("table.csv", &bytes);
        let said = scratch.dver(&["add", "table.csv"]).ok();
        assert!(
            said.contains(&format!("encoding \"{name}\"")),
            "{name}: {said}"
        );
        assert!(
            said.contains("label: `label` - 3 classes"),
            "{name}: {said}"
        );
        scratch.dver(&["commit", "-m", "as it came"]).ok();
        scratch.write("table.csv", &table);
        let events = scratch.json(&["diff", "--cells"]);
        let kinds: Vec<_> = events
            .iter()
            .map(|event| event["event"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["file", "schema", "summary"], "{name}: {events:?}");
        assert_eq!(events[1]["change"], "dialect_changed");
        match name {
            "utf-8" => assert_eq!(events[1]["from"], json!({"bom": "true"})),
            _ => assert_eq!(
                (&events[1]["from"], &events[1]["to"]),
                (&json!({"encoding": name}), &json!({"encoding": "utf-8"}))
            ),
        }
        let counts = json!({"before": 60, "after": 60, "added": 0, "removed": 0, "modified": 0,
                            "respelled": 0, "moved": 0});
        assert_eq!(events[2]["records"], counts, "{name}");
        scratch.dver(&["commit", "-am", "in UTF-8"]).ok();
        assert!(
            scratch.dver(&["cat", "HEAD~1:table.csv"]).bytes == bytes,
            "{name}"
        );
        // A label that changes afterwards is told in the text that it is.
        let (from, to) = (format!(",{}\n", labels[0]), format!(",{}\n", labels[1]));
        scratch.write("table.csv", table.replacen(&from, &to, 1));
        let events = scratch.json(&["diff"]);
        assert_eq!(events[1]["event"], "label", "{name}: {events:?}");
        if name != "windows-1258" {
            // Labels are shown in NFC, which that code page cannot write.
            let told = (&events[1]["from"], &events[1]["to"]);
            assert_eq!(told, (&json!(labels[0]), &json!(labels[1])));
        }
    }
}
