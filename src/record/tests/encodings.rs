//! Tests of encodings on whole tables: found, cut and read as the same table in UTF-8 is.

use proptest::prelude::*;

use super::super::ends::Rule;
use super::super::*;

/// Writes text in an encoding; `None` where it has no way to.
pub(in super::super) fn encoded(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Utf8 => Some(text.as_bytes().to_vec()),
        Encoding::Utf16Le => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Encoding::Utf16Be => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        Encoding::Utf32Le => Some(
            text.chars()
                .flat_map(|c| u32::from(c).to_le_bytes())
                .collect(),
        ),
        Encoding::Utf32Be => Some(
            text.chars()
                .flat_map(|c| u32::from(c).to_be_bytes())
                .collect(),
        ),
        Encoding::Cp949 => web(encoding_rs::EUC_KR, text),
        other => web(
            encoding_rs::Encoding::for_label(other.name().as_bytes())?,
            text,
        ),
    }
}

fn web(encoding: &'static encoding_rs::Encoding, text: &str) -> Option<Vec<u8>> {
    let (bytes, _, unmappable) = encoding.encode(text);
    (!unmappable).then(|| bytes.into_owned())
}

/// A few lines of what people label, in the encodings that they would be saved in.
const TABLES: [(Encoding, &str); 16] = [
    (
        Encoding::Cp949,
        "번호,내용,라벨\n1,배송이 빠르고 좋아요,긍정\n2,포장이 엉망이었습니다,부정\n3,그냥 그래요,중립\n",
    ),
    (
        Encoding::ShiftJis,
        "番号,本文,ラベル\n1,とても良い商品でした,肯定\n2,箱が壊れていました,否定\n3,普通の能力だと思います,中立\n",
    ),
    (
        Encoding::Gb18030,
        "编号,内容,标签\n1,物流很快，包装也很好,正面\n2,东西坏了，不满意,负面\n3,一般般，没有什么特别的,中性\n",
    ),
    (
        Encoding::Gb18030,
        "id,text,label\n1,這個產品非常好用,正面\n2,質量太差了,負面\n3,還可以,中性\n",
    ),
    (
        Encoding::Windows1250,
        "id,tekst,etykieta\n1,Bardzo szybka wysyłka i świetna jakość,dobry\n2,Paczka była zniszczona, niestety źle,zły\n",
    ),
    (
        Encoding::Windows1251,
        "номер,текст,метка\n1,Доставка быстрая и всё хорошо,хорошо\n2,Товар пришёл сломанным,плохо\n",
    ),
    (
        Encoding::Windows1252,
        "id,texte,étiquette\n1,La livraison a été très rapide,positif\n2,Déçu : le colis était abîmé…,négatif\n",
    ),
    (
        Encoding::Windows1252,
        "id,text,label\n1,Die Lieferung kam für mich zu spät,schlecht\n2,Schöne Größe und gute Qualität,gut\n",
    ),
    (
        Encoding::Windows1253,
        "αριθμός,κείμενο,ετικέτα\n1,Η παράδοση ήταν γρήγορη,θετικό\n2,Το προϊόν ήρθε σπασμένο,αρνητικό\n",
    ),
    (
        Encoding::Windows1254,
        "no,metin,etiket\n1,Kargo çok hızlıydı ve ürün güzeldi,olumlu\n2,Paket kırılmıştı, beğenmedim,olumsuz\n",
    ),
    (
        Encoding::Windows1255,
        "מספר,טקסט,תווית\n1,המשלוח היה מהיר מאוד,חיובי\n2,המוצר הגיע שבור,שלילי\n",
    ),
    (
        Encoding::Windows1256,
        "رقم,نص,تصنيف\n1,كان التوصيل سريعا جدا,إيجابي\n2,وصل المنتج مكسورا,سلبي\n",
    ),
    (
        Encoding::Windows1257,
        "nr,tekstas,žymė\n1,Pristatymas buvo labai greitas ir viskas puikiai veikia,gerai\n2,Prekė atėjo sulūžusi ir nusivyliau šia parduotuve,blogai\n",
    ),
    (Encoding::Utf16Le, "이름,라벨\n가,나\n"),
    (Encoding::Utf32Le, "이름,라벨\n가,👍\n"),
    (Encoding::Utf32Be, "id,label\n1,cat\n"),
];

fn cells(layout: &Layout, bytes: &[u8]) -> Vec<Vec<Option<String>>> {
    let mut batch = Batch::new(&layout.fields);
    layout.parse(&bytes[layout.header_bytes..], &mut batch);
    (0..batch.len())
        .map(|at| {
            let cell = |field| {
                batch
                    .record(at)
                    .cell(field)
                    .map(|cell| cell.text.to_owned())
            };
            (0..batch.fields().len()).map(cell).collect()
        })
        .collect()
}

#[test]
fn realistic_tables_are_read_in_the_encoding_they_are_in() {
    let mut wrong = Vec::new();
    for (encoding, text) in TABLES {
        let bytes = encoded(encoding, text).expect(text);
        let declared = DeclaredDialect::default();
        let layout = Layout::detect(Format::Csv, &declared, &bytes, true);
        if layout.dialect.encoding != encoding {
            wrong.push((encoding, layout.dialect.encoding, text));
            continue;
        }
        let plain = Layout::detect(Format::Csv, &declared, text.as_bytes(), true);
        assert_eq!(layout.fields, plain.fields);
        assert_eq!(cells(&layout, &bytes), cells(&plain, text.as_bytes()));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_byte_order_mark_names_utf_32() {
    for encoding in [Encoding::Utf32Le, Encoding::Utf32Be] {
        let bytes = encoded(encoding, "\u{feff}a,b\n1,2\n").unwrap();
        let layout = Layout::detect(Format::Csv, &DeclaredDialect::default(), &bytes, true);
        assert_eq!(
            (layout.dialect.encoding, layout.dialect.bom),
            (encoding, true)
        );
        assert_eq!(
            cells(&layout, &bytes),
            [[Some("1".to_owned()), Some("2".to_owned())]]
        );
    }
}

#[test]
fn bytes_that_are_text_in_no_way_stay_utf_8() {
    for bytes in [
        &b"a,b\n\xff\xfe,1\n"[..],
        b"a,b\n\x81\x8d\x8f,1\n",
        b"a,b\n\xac\xb1\xd7\xf7,1\n",
        b"a,b\n\xe9\0,1\n",
        "a,b\nné\u{e9}\u{e9}, à la carte\n".as_bytes(),
        b"a,b\ncaf\xc3\xa9 \xff,1\n",
    ] {
        let layout = Layout::detect(Format::Csv, &DeclaredDialect::default(), bytes, true);
        assert_eq!(layout.dialect.encoding, Encoding::Utf8, "{bytes:x?}");
    }
}

#[test]
fn second_bytes_of_characters_are_no_delimiters() {
    // Bars and backslashes in disguise: in Shift_JIS these end in 0x7C and 0x5C, and in GB18030.
    for (encoding, text) in [
        (Encoding::ShiftJis, "名|値\n能\"x|弌\"\n表\\|\"a\nb|c\"\n"),
        (Encoding::Gb18030, "名|值\n渱\"x|弢\"\n㐀\"|\"a\nb|c\"\n"),
    ] {
        let bytes = encoded(encoding, text).expect(text);
        assert!(bytes.windows(2).any(|pair| pair == b"|\""), "{bytes:x?}");
        let declared = DeclaredDialect {
            encoding: Some(encoding),
            delimiter: Some(b'|'),
            ..DeclaredDialect::default()
        };
        let layout = Layout::detect(Format::Csv, &declared, &bytes, true);
        assert_eq!(layout.dialect.encoding, encoding);
        let plain = Layout::detect(
            Format::Csv,
            &DeclaredDialect {
                encoding: None,
                ..declared
            },
            text.as_bytes(),
            true,
        );
        assert_eq!(layout.fields, plain.fields);
        assert_eq!(
            cells(&layout, &bytes),
            cells(&plain, text.as_bytes()),
            "{text}"
        );
    }
}

/// Text that this encoding can write, with all that a table may hold.
fn text_in(encoding: Encoding) -> impl Strategy<Value = String> {
    let own = match encoding {
        Encoding::Cp949 => "가힣뷁꺅〜",
        Encoding::ShiftJis => "能表ソｱ漢かカ～",
        Encoding::Gb18030 => "渱弢㐀漢字😀，",
        Encoding::Windows1250 => "ąęłŹ“",
        Encoding::Windows1251 => "дяЖё№",
        Encoding::Windows1252 => "éßÿ€”",
        Encoding::Windows1253 => "αωΏ",
        Encoding::Windows1254 => "ığŞ",
        Encoding::Windows1255 => "שלםא",
        Encoding::Windows1256 => "سلامپ",
        Encoding::Windows1257 => "žūėņ",
        Encoding::Windows1258 => "đơưă\u{301}",
        _ => "고😀é\u{2028}",
    };
    let mut signs: Vec<char> = "a|,\"\n\r;x~".chars().collect();
    signs.extend(own.chars());
    let encodable = move |sign: &char| encoded(encoding, &sign.to_string()).is_some();
    signs.retain(encodable);
    proptest::collection::vec(proptest::sample::select(signs), 0..40)
        .prop_map(|signs| signs.into_iter().collect())
}

proptest! {
    #[test]
    fn tables_are_cut_and_read_as_in_utf_8(
        (encoding, text) in proptest::sample::select(Encoding::ALL.to_vec())
            .prop_flat_map(|encoding| (Just(encoding), text_in(encoding))),
        delimiter in proptest::sample::select(b",|;".to_vec()),
    ) {
        let bytes = encoded(encoding, &text).unwrap();
        let find = |encoding, bytes: &[u8]| {
            let mut found = Vec::new();
            let rule = Rule::csv(encoding, delimiter, Some(b'"'));
            RecordEnds::new(rule).scan(bytes, true, &mut found);
            found
        };
        let plain = find(Encoding::Utf8, text.as_bytes());
        let expected: Vec<usize> = plain
            .iter()
            .map(|&end| encoded(encoding, &text[..end]).unwrap().len())
            .collect();
        prop_assert_eq!(find(encoding, &bytes), expected);
        let layout = |encoding| Layout {
            format: Format::Csv,
            dialect: Dialect {
                encoding,
                bom: false,
                newline: Newline::Lf,
                delimiter,
                quote: Some(b'"'),
                header: false,
                missing: vec![String::new()],
            },
            fields: vec!["#1".into(), "#2".into()],
            header_bytes: 0,
        };
        prop_assert_eq!(
            cells(&layout(encoding), &bytes),
            cells(&layout(Encoding::Utf8), text.as_bytes())
        );
    }

    #[test]
    fn any_bytes_are_read_in_some_way(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        declared in proptest::option::of(proptest::sample::select(Encoding::ALL.to_vec())),
        whole in any::<bool>(),
    ) {
        let declared = DeclaredDialect { encoding: declared, ..DeclaredDialect::default() };
        for format in [Format::Csv, Format::Jsonl] {
            let layout = Layout::detect(format, &declared, &bytes, whole);
            let _ = cells(&layout, &bytes);
        }
    }
}
