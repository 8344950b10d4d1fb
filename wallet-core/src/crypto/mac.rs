//! Message authentication: HMAC with SHA-256 (RFC 2104, FIPS 198-1).

use hmac::{Hmac, KeyInit as _, Mac as _};

use super::BadSignature;

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<sha2::Sha256> {
    let mut mac = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// The HMAC-SHA-256 of `parts`, one after the other.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    mac(key, parts).finalize().into_bytes().into()
}

/// Checks an HMAC-SHA-256 in constant time; a shortened tag is refused.
pub fn verify_hmac_sha256(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> Result<(), BadSignature> {
    mac(key, parts).verify_slice(tag).map_err(|_| BadSignature)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 §4.3.
    #[test]
    fn gives_the_published_tag_and_takes_no_other() {
        let tag = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
            0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
        ];
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        assert_eq!(hmac_sha256(b"Jefe", &parts), tag);
        assert_eq!(verify_hmac_sha256(b"Jefe", &parts, &tag), Ok(()));
        assert_eq!(verify_hmac_sha256(b"jefe", &parts, &tag), Err(BadSignature));
        assert_eq!(verify_hmac_sha256(b"Jefe", &parts[..1], &tag), Err(BadSignature));
        assert_eq!(verify_hmac_sha256(b"Jefe", &parts, &tag[..16]), Err(BadSignature));
        assert_eq!(verify_hmac_sha256(b"Jefe", &parts, &[]), Err(BadSignature));
    }
}
