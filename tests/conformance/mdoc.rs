//! ISO/IEC 18013-5: Annex D, and the test data of isomdl and of auth0-lab/mdl, each at its own time.

use std::fs;
use std::path::PathBuf;

use wallet_core::codec::cbor::Cbor;
use wallet_core::codec::{Budget, Json};
use wallet_core::crypto::{AgreementKey, Curve, SigningKey};
use wallet_core::envelope::cose::{UnverifiedMac0, UnverifiedSign1};
use wallet_core::envelope::session::{Role, SessionCipher, SessionError};
use wallet_core::keys::PublicKey;

fn folder() -> Option<PathBuf> {
    wallet_tests::vectors("mdoc")
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.trim().as_bytes().chunks(2).map(digits).collect()
}

/// A file of hexadecimal digits.
fn hex_file(name: &str) -> Vec<u8> {
    hex(&fs::read_to_string(folder().unwrap().join(name)).unwrap())
}

/// Annex D by the names of its values.
struct AnnexD(Json);

impl AnnexD {
    fn read() -> Option<Self> {
        let text = fs::read(folder()?.join("iso18013-5-annex-d.json")).unwrap();
        Some(Self(Json::parse(text, &mut Budget::default()).unwrap()))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let value = self.0.get(&format!("ISO_18013_5_ANNEX_D_{name}"));
        hex(value.and_then(Json::as_str).expect(name))
    }

    fn agreement_key(&self, name: &str) -> AgreementKey {
        let key = AgreementKey::from_bytes(&self.bytes(&format!("{name}_D"))).unwrap();
        let (x, y) = (self.bytes(&format!("{name}_X")), self.bytes(&format!("{name}_Y")));
        assert_eq!(key.public_point(), [vec![4], x, y].concat(), "{name}");
        key
    }

    /// The session as each side derives it: the reader's, the mdoc's.
    fn session(&self) -> (SessionCipher, SessionCipher) {
        let reader = self.agreement_key("EPHEMERAL_READER_KEY");
        let mdoc = self.agreement_key("EPHEMERAL_DEVICE_KEY");
        let transcript = self.bytes("SESSION_TRANSCRIPT_BYTES");
        let derive = |own: &AgreementKey, theirs: &AgreementKey, role| {
            SessionCipher::derive(own, &PublicKey::new(theirs.public_key()), &transcript, role).unwrap()
        };
        (derive(&reader, &mdoc, Role::Reader), derive(&mdoc, &reader, Role::Mdoc))
    }
}

/// The encrypted part of `SessionEstablishment` or `SessionData`.
fn data(message: &[u8]) -> Vec<u8> {
    let message = Cbor::parse(message, &mut Budget::default()).unwrap();
    message.get("data").and_then(Cbor::as_bytes).expect("data").to_vec()
}

#[test]
fn the_session_of_annex_d_is_understood_and_written() {
    let Some(annex) = AnnexD::read() else {
        return;
    };
    let (mut reader, mut mdoc) = annex.session();
    let request = data(&annex.bytes("SESSION_ESTABLISHMENT"));
    assert_eq!(mdoc.decrypt(request.clone()), Ok(annex.bytes("DEVICE_REQUEST")));
    assert_eq!(reader.encrypt(annex.bytes("DEVICE_REQUEST")), Ok(request.clone()));
    let response = data(&annex.bytes("SESSION_DATA"));
    assert_eq!(mdoc.encrypt(annex.bytes("DEVICE_RESPONSE")), Ok(response.clone()));
    assert_eq!(mdoc.decrypt(request), Err(SessionError::NotDecrypted), "repeated");
    assert_eq!(reader.decrypt(response.clone()), Ok(annex.bytes("DEVICE_RESPONSE")));
    assert_eq!(reader.decrypt(response), Err(SessionError::NotDecrypted), "repeated");
    // The key of the reader stands in the first message as a COSE_Key, that of the device in its engagement.
    let establishment = annex.bytes("SESSION_ESTABLISHMENT");
    let establishment = Cbor::parse(&establishment, &mut Budget::default()).unwrap();
    for (key, name) in [
        (establishment.get("eReaderKey").unwrap(), "EPHEMERAL_READER_KEY"),
        (
            &Cbor::parse(&annex.bytes("E_DEVICE_KEY_BYTES"), &mut Budget::default()).unwrap(),
            "EPHEMERAL_DEVICE_KEY",
        ),
    ] {
        let read = PublicKey::parse_cose_key(key.embedded().unwrap(), &mut Budget::default()).unwrap();
        assert_eq!(read, PublicKey::new(annex.agreement_key(name).public_key()));
        assert_eq!(read.to_cose_key().encode(), key.embedded().unwrap(), "{name}");
    }
}

#[test]
fn the_session_of_isomdl_is_that_of_annex_d() {
    let Some(annex) = AnnexD::read() else {
        return;
    };
    let session = |name: &str| hex_file(&format!("isomdl/definitions/session/{name}.cbor"));
    assert_eq!(session("session_transcript"), annex.bytes("SESSION_TRANSCRIPT_BYTES"));
    assert_eq!(session("session_establishment"), annex.bytes("SESSION_ESTABLISHMENT"));
    assert_eq!(session("e_device_key"), annex.bytes("EPHEMERAL_DEVICE_KEY_D"));
    let (reader, _) = annex.session();
    assert_eq!(reader.to_bytes()[2..34], session("reader_session_key"));
    let own = annex.agreement_key("EPHEMERAL_READER_KEY");
    let theirs = annex.agreement_key("EPHEMERAL_DEVICE_KEY").public_key();
    let shared = wallet_core::crypto::agree(&own, &theirs).unwrap();
    assert_eq!(*shared, session("shared_secret"));
}

#[test]
fn the_cose_messages_and_keys_of_isomdl_verify() {
    if folder().is_none() {
        return;
    }
    let file = |name: &str| hex_file(&format!("isomdl/definitions/{name}"));
    let budget = &mut Budget::default();
    let key = SigningKey::from_bytes(Curve::P256, &file("cose/sign1/secret_key")).unwrap();
    let message = UnverifiedSign1::parse(&file("cose/sign1/serialized.cbor"), budget).unwrap();
    let verified = message.verify(&PublicKey::from(&key), &[], None).unwrap();
    assert_eq!(verified.payload(), Some(&b"This is the content."[..]));

    // What looks like an encoded key is the key itself.
    let key = file("cose/mac0/secret_key");
    let message = UnverifiedMac0::parse(&file("cose/mac0/serialized.cbor"), budget).unwrap();
    assert_eq!(message.verify(&key, &[], None), Ok(&b"This is the content."[..]));

    let encoded = file("cose_key/ec_p256.cbor");
    let key = PublicKey::parse_cose_key(&encoded, budget).unwrap();
    assert_eq!(key.to_cose_key().encode(), encoded);
}
