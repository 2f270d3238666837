//! `Content-MD5`: the MD5 sum (RFC 1321) of the packed numbers in base64 (RFC 1864), by which
//! readers tell damage. It is no protection against forgery.

use md5::{Digest, Md5};

/// The sum of `packed` as a header gives it.
pub fn content_md5(packed: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sum = Md5::digest(packed);
    let digits = sum.chunks(3).flat_map(|three| {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        (0..4).map(move |place| match place > three.len() {
            true => '=',
            false => DIGITS[(bits >> (18 - 6 * place) & 63) as usize].into(),
        })
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standard() {
        // RFC 1321, A.5, in base64.
        assert_eq!(content_md5(b""), "1B2M2Y8AsgTpgAmY7PhCfg==");
        assert_eq!(content_md5(b"message digest"), "+WtpfXy3k41SWi8xqvFh0A==");
    }
}
