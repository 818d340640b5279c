//! Tests of what is found out about a file from its first bytes.

use super::super::*;

fn detect(head: &[u8]) -> Layout {
    Layout::detect(Format::Csv, &DeclaredDialect::default(), head, true)
}

#[test]
fn delimiters_are_found() {
    for (text, delimiter, quote, width) in [
        ("a,b\n1,2\n", b',', Some(b'"'), 2),
        ("a\tb\n1,5\t2\n", b'\t', Some(b'"'), 2),
        ("a;b\n1,5;2,5\n1,5;2,5\n", b';', Some(b'"'), 2),
        ("a|b|c\n1|2,2|3\n", b'|', Some(b'"'), 3),
        ("text\nhello; world\nfoo, bar\n", b',', Some(b'"'), 1),
        ("a,b\n\"1;2;3\",\"4;5;6\"\n", b',', Some(b'"'), 2),
        // Here quotes are inch marks: with them, two records would be one.
        ("size\tname\n1\t\"x\n2\ty\n3\t\"z\"s\n", b'\t', None, 2),
        ("", b',', Some(b'"'), 0),
    ] {
        let layout = detect(text.as_bytes());
        let found = (
            layout.dialect.delimiter,
            layout.dialect.quote,
            layout.fields.len(),
        );
        assert_eq!(found, (delimiter, quote, width), "{text:?}");
    }
}

#[test]
fn headers_are_told_from_records() {
    for (text, header) in [
        ("a,b\n1,2\n", true),
        ("name,label\nx,cat\ny,dog\n", true),
        // A header that counts, as one real data set has.
        (
            "150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0.2,0\n4.9,3.0,1.4,0.2,0\n",
            true,
        ),
        ("country,2010,2011\nUS,300,301\nFR,60,61\n", true),
        ("0,1,2\n5,6,7\n8,9,1\n", true),
        (
            "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n7.0,3.2,Iris-versicolor\n",
            false,
        ),
        ("1,great,pos\n2,awful,neg\n3,fine,pos\n", false),
        ("5,0,0,0\n3,0,1,0\n", false),
        ("0.5,0.7\n0.1,0.2\n", false),
        ("a,b\n", true),
        ("1,2\n", true),
        ("cat,dog\ncat,dog\n", true),
    ] {
        let layout = detect(text.as_bytes());
        assert_eq!(layout.dialect.header, header, "{text:?}");
        let end = text.find('\n').map_or(0, |at| at + 1);
        assert_eq!(layout.header_bytes, if header { end } else { 0 });
    }
}

#[test]
fn what_is_declared_wins() {
    let declared = DeclaredDialect {
        delimiter: Some(b';'),
        quote: Some(b'\''),
        header: Some(false),
        ..DeclaredDialect::default()
    };
    let layout = Layout::detect(Format::Csv, &declared, b"a;'b,c;d';e\n", true);
    assert_eq!(layout.fields.len(), 3);
    assert_eq!(&*layout.fields[2], "#3");
    assert_eq!(layout.header_bytes, 0);
}

#[test]
fn a_version_written_otherwise_is_read_as_it_is() {
    let declared = DeclaredDialect {
        encoding: Some(Encoding::Cp949),
        delimiter: Some(b';'),
        ..DeclaredDialect::default()
    };
    let utf8 = "이름,a\n가,1\n".as_bytes();
    let layout = Layout::detect(Format::Csv, &declared, utf8, true);
    assert_eq!(layout.dialect.encoding, Encoding::Utf8);
    assert_eq!(layout.dialect.delimiter, b',');
    let ascii = Layout::detect(Format::Csv, &declared, b"a;b\n1;2\n", true);
    assert_eq!(ascii.dialect.encoding, Encoding::Cp949);
}

#[test]
fn newlines_in_quotes_are_no_line_ends() {
    for (text, newline) in [
        ("a,b\r\n1,\"x\ny\"\r\n", Newline::CrLf),
        ("a,b\n1,\"x\r\ny\"\n", Newline::Lf),
        ("a,b\r1,2\r", Newline::Cr),
        ("a,b\r\n1,2\n", Newline::Mixed),
        ("a,b", Newline::None),
    ] {
        assert_eq!(detect(text.as_bytes()).dialect.newline, newline, "{text:?}");
    }
}

#[test]
fn a_head_that_ends_inside_a_character_is_still_utf_8() {
    let text = "a,b\n1,한".as_bytes();
    for length in [text.len() - 1, text.len() - 2] {
        let declared = DeclaredDialect::default();
        let layout = Layout::detect(Format::Csv, &declared, &text[..length], false);
        assert_eq!(layout.dialect.encoding, Encoding::Utf8);
    }
    let korean = encoding_rs::EUC_KR.encode("a,b\n가나,다라").0;
    let head = &korean[..korean.len() - 1];
    let layout = Layout::detect(Format::Csv, &DeclaredDialect::default(), head, false);
    assert_eq!(layout.dialect.encoding, Encoding::Cp949);
}

#[test]
fn a_header_with_an_open_quote_ends_at_its_line() {
    let mut text = b"a,\"b\n".to_vec();
    text.resize(HEAD_BYTES + 100, b'x');
    let layout = Layout::detect(Format::Csv, &DeclaredDialect::default(), &text, false);
    assert_eq!(layout.header_bytes, 5);
    let mut endless = vec![b'x'; HEAD_BYTES];
    endless[7] = b',';
    let layout = Layout::detect(Format::Csv, &DeclaredDialect::default(), &endless, false);
    assert_eq!(layout.header_bytes, 0);
}

#[test]
fn formats_are_known_by_name_and_first_bytes() {
    let sniff = |extension, head: &[u8]| sniff_format(Some(extension), head);
    assert_eq!(sniff("csv", b""), Some(Format::Csv));
    assert_eq!(sniff("tsv", b"a"), Some(Format::Csv));
    assert_eq!(sniff("csv", b"\x1f\x8b\x08"), None);
    assert_eq!(sniff("jsonl", b"x"), Some(Format::Jsonl));
    assert_eq!(
        sniff("json", b"{\"a\":1}\n{\"a\":2}\n"),
        Some(Format::Jsonl)
    );
    assert_eq!(sniff("json", b"{\n  \"a\":1\n}\n"), None);
    assert_eq!(sniff("txt", b"a\tb\n1\t2\n"), Some(Format::Csv));
    assert_eq!(
        sniff("txt", b"Dear all, hello, there\nthis, is, text\n"),
        None
    );
    assert_eq!(sniff("png", b""), None);
    assert_eq!(sniff_format(None, b"a,b\n"), None);
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
}
