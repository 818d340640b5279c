//! numpy's tables of numbers.

use proptest::prelude::*;

use crate::record::Npy;

fn file(shape: &str, descr: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend_from_slice(&(header.len() as u16).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    out
}

fn table(bytes: Vec<u8>) -> Vec<Vec<f64>> {
    let read = Npy::read(bytes).unwrap();
    (0..read.rows()).map(|at| read.row(at).collect()).collect()
}

#[test]
fn floats_of_all_widths_and_byte_orders_are_read() {
    let numbers = [[0.25, -0.75], [1024.0, 0.0]];
    let flat = || numbers.iter().flatten();
    let narrow =
        |bytes: fn(f32) -> [u8; 4]| -> Vec<u8> { flat().flat_map(|x| bytes(*x as f32)).collect() };
    let wide = |bytes: fn(f64) -> [u8; 8]| -> Vec<u8> { flat().flat_map(|x| bytes(*x)).collect() };
    // As numpy 2 writes them: numpy.array(...).astype("<f2").tobytes().
    let half = [0x00, 0x34, 0x00, 0xba, 0x00, 0x64, 0x00, 0x00];
    let turned: Vec<u8> = half.chunks(2).flat_map(|b| [b[1], b[0]]).collect();
    for (descr, data) in [
        ("<f4", narrow(f32::to_le_bytes)),
        (">f4", narrow(f32::to_be_bytes)),
        ("<f8", wide(f64::to_le_bytes)),
        (">f8", wide(f64::to_be_bytes)),
        ("<f2", half.to_vec()),
        (">f2", turned),
    ] {
        assert_eq!(table(file("(2, 2)", descr, &data)), numbers, "{descr}");
    }
    assert!(
        Npy::read(file("(2, 2)", "<f2", &half))
            .unwrap()
            .row(2)
            .next()
            .is_none()
    );
}

#[test]
fn columns_may_come_one_after_the_other() {
    // numpy.save(..., numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]))
    let data: Vec<u8> = [1f32, 4.0, 2.0, 5.0, 3.0, 6.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let mut bytes = file("(2, 3)", "<f4", &data);
    let at = bytes.windows(5).position(|w| w == b"False").unwrap();
    bytes.splice(at..at + 5, *b"True ");
    assert_eq!(table(bytes), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
}

#[test]
fn numbers_of_16_bits_are_those_that_numpy_has() {
    // numpy.frombuffer(numpy.array([...], "<u2").tobytes(), "<f2").astype("f8")
    for (bits, number) in [
        (0x3c00u16, 1.0),
        (0x0001, 5.960464477539063e-8),
        (0x03ff, 6.097555160522461e-5),
        (0x0400, 6.103515625e-5),
        (0x7bff, 65504.0),
        (0xc248, -3.140625),
        (0xfc00, f64::NEG_INFINITY),
        (0x7c00, f64::INFINITY),
    ] {
        assert_eq!(
            table(file("(1, 1)", "<f2", &bits.to_le_bytes())),
            [[number]]
        );
    }
    assert!(table(file("(1, 1)", "<f2", &0x7e01u16.to_le_bytes()))[0][0].is_nan());
}

#[test]
fn what_is_no_table_is_refused_with_its_reason() {
    let data = [0u8; 16];
    for (bytes, reason) in [
        (b"id,x\n1,2\n".to_vec(), "no .npy file"),
        (Vec::new(), "no .npy file"),
        (file("(4,)", "<f4", &data), "shape is (4)"),
        (file("()", "<f4", &data), "shape is ()"),
        (file("(2, 2, 1)", "<f4", &data), "shape is (2, 2, 1)"),
        (file("(3, 2)", "<f4", &data), "cut off"),
        (file("(1, 2)", "<f4", &data), "8 bytes more"),
        (
            file("(18446744073709551615, 2)", "<f4", &data),
            "no file has",
        ),
        (file("(-1, 2)", "<f4", &data), "shape"),
        (file("(1152921504606846976, 0)", "<f4", &[]), "no numbers"),
        (file("(2, 2)", "<i4", &data), "no floats"),
        (file("(2, 2)", "|O", &data), "no floats"),
    ] {
        let found = Npy::read(bytes).unwrap_err();
        assert!(found.contains(reason), "{found}");
    }
    let mut odd = file("(2, 2)", "<f4", &data);
    let at = odd.windows(5).position(|w| w == b"False").unwrap();
    odd.splice(at..at + 5, *b"Maybe");
    assert!(Npy::read(odd).unwrap_err().contains("order"));
    // A header of 4 GiB that is not there.
    let mut huge = b"\x93NUMPY\x02\x00".to_vec();
    huge.extend_from_slice(&[0xff; 8]);
    assert!(Npy::read(huge).is_err());
}

proptest! {
    #[test]
    fn random_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<usize>()) {
        let mut bytes = bytes;
        prop_assert!(Npy::read(bytes.clone()).is_err());
        bytes.splice(0..0, *b"\x93NUMPY\x01\x00");
        let _ = Npy::read(bytes);
        let mut own = file("(2, 2)", "<f4", &[0; 16]);
        let at = at % own.len();
        own[at] ^= 0x15;
        if let Ok(read) = Npy::read(own) {
            (0..read.rows()).for_each(|at| assert!(read.row(at).count() <= 16));
        }
    }
}
