//! Bodies of the targets of mdocs: CBOR, COSE, and what devices and readers send each other.

use wallet_core::codec::Budget;
use wallet_core::codec::cbor::{Cbor, CborValue};
use wallet_core::crypto::AgreementKey;
use wallet_core::envelope::cose::{KID, UnverifiedMac0, UnverifiedSign1};
use wallet_core::envelope::session::{Role, SessionCipher};
use wallet_core::keys::PublicKey;

use super::key;
use crate::TestRandom;

/// CBOR: what is read is written, and read again is written as the same.
pub fn cbor(data: &[u8]) {
    let Ok(item) = Cbor::parse(data, &mut Budget::default()) else {
        return;
    };
    assert_eq!(item.raw(), data);
    let value = item.to_value();
    let written = value.encode();
    let again = CborValue::parse(&written, &mut Budget::default()).expect("what is written can be read");
    // By their encodings: there is one NaN to write, and many to read.
    assert_eq!(again.encode(), written);
    let _ = value.to_json().to_string();
    let _ = (item.get("a"), item.get_int(-1), item.tagged(), item.embedded());
    if let Some(inner) = item.embedded() {
        let _ = Cbor::parse(inner, &mut Budget::default());
    }
}

/// A `COSE_Sign1`, alone and as a CWT.
pub fn cose_sign1(data: &[u8]) {
    let budget = &mut Budget::default();
    for parsed in [
        UnverifiedSign1::parse(data, budget),
        UnverifiedSign1::parse_cwt(data, budget),
    ] {
        let Ok(message) = parsed else { continue };
        let _ = (message.algorithm(), message.x5chain(), message.check_x5t(data));
        let _ = (message.protected_header(KID), message.unprotected_header(KID));
        let detached = message.inspect().is_none().then_some(&b"payload"[..]);
        let _ = message.verify(&PublicKey::from(&key()), &[], detached);
    }
}

/// A `COSE_Mac0`.
pub fn cose_mac0(data: &[u8]) {
    if let Ok(message) = UnverifiedMac0::parse(data, &mut Budget::default()) {
        let detached = message.inspect().is_none().then_some(&b"payload"[..]);
        let _ = message.verify(b"key", &[], detached);
    }
}

/// A `COSE_Key`: what is read is written and read again as the same.
pub fn cose_key(data: &[u8]) {
    if let Ok(key) = PublicKey::parse_cose_key(data, &mut Budget::default()) {
        let written = key.to_cose_key().encode();
        assert_eq!(
            PublicKey::parse_cose_key(&written, &mut Budget::default()).as_ref(),
            Ok(&key)
        );
        let _ = key.thumbprint();
        let _ = SessionCipher::derive(&AgreementKey::generate(&mut TestRandom::new(3)), &key, data, Role::Mdoc);
    }
}
