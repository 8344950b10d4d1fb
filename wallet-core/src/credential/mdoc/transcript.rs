//! The session that a presentation answers, as both sides hash it (ISO 18013-5 §9.1.5.1).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::codec::base64url;
use crate::codec::cbor::{TAG_EMBEDDED, Writer};
use crate::codec::{Budget, Cbor};
use crate::crypto::sha256;

use super::MdocError;

/// `SessionTranscript = [DeviceEngagementBytes / null, EReaderKeyBytes / null, Handover]`, encoded.
///
/// Its parts stand in it as they were sent: two wallets that encode the same engagement differently are two sessions.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionTranscript(Vec<u8>);

/// The longest transcript that is read: an NFC handover carries two messages of some hundred bytes.
const LONGEST: usize = 64 << 10;

impl SessionTranscript {
    /// For a redirect or `direct_post` (OpenID4VP 1.0 Appendix B.2.6.1).
    ///
    /// `client_id` goes with its prefix, and `response_uri` is the `redirect_uri` where there is none. The thumbprint
    /// (RFC 7638, SHA-256) is that of the verifier's key which the response is encrypted to, and absent if it is not.
    pub fn openid4vp(client_id: &str, nonce: &str, jwk_thumbprint: Option<&[u8]>, response_uri: &str) -> Self {
        let mut info = Writer::new();
        info.array(4).text(client_id).text(nonce);
        optional_bytes(&mut info, jwk_thumbprint);
        info.text(response_uri);
        Self::of_hash("OpenID4VPHandover", &info.into_bytes())
    }

    /// For the Digital Credentials API (OpenID4VP 1.0 Appendix B.2.6.2); the origin has no `origin:` in front.
    pub fn openid4vp_dc_api(origin: &str, nonce: &str, jwk_thumbprint: Option<&[u8]>) -> Self {
        let mut info = Writer::new();
        info.array(3).text(origin).text(nonce);
        optional_bytes(&mut info, jwk_thumbprint);
        Self::of_hash("OpenID4VPDCAPIHandover", &info.into_bytes())
    }

    /// For the native protocol of the Digital Credentials API (ISO 18013-7 Annex C): the base64url text of the
    /// encryption info as it was sent, and the serialised origin.
    pub fn iso_dc_api(base64_encryption_info: &str, origin: &str) -> Self {
        let mut info = Writer::new();
        info.array(2).text(base64_encryption_info).text(origin);
        Self::of_hash("dcapi", &info.into_bytes())
    }

    /// For a session that began with a QR code.
    ///
    /// `device_engagement` and `e_reader_key` are the bytes as sent, with or without the tag 24 around them.
    pub fn qr(device_engagement: &[u8], e_reader_key: &[u8]) -> Self {
        let mut out = proximity(device_engagement, e_reader_key);
        out.null();
        Self(out.into_bytes())
    }

    /// For a session that began over NFC: with the handover messages as sent; a static handover has no request.
    pub fn nfc(
        device_engagement: &[u8],
        e_reader_key: &[u8],
        handover_select: &[u8],
        handover_request: Option<&[u8]>,
    ) -> Self {
        let mut out = proximity(device_engagement, e_reader_key);
        out.array(2).bytes(handover_select);
        optional_bytes(&mut out, handover_request);
        Self(out.into_bytes())
    }

    /// Takes in an encoded transcript, with or without the tag 24 around it. What is in it is not judged.
    pub fn from_bytes(encoded: &[u8]) -> Result<Self, MdocError> {
        let mut budget = Budget::new(2 * LONGEST, 16, 4096);
        let outer = Cbor::parse(encoded, &mut budget)?;
        let Some(inner) = outer.embedded() else {
            return Self::of_parsed(&outer);
        };
        Self::of_parsed(&Cbor::parse(inner, &mut budget)?)
    }

    fn of_parsed(transcript: &Cbor<'_>) -> Result<Self, MdocError> {
        match transcript.as_array() {
            Some([_, _, _]) => Ok(Self(transcript.raw().to_vec())),
            _ => Err(MdocError::BadMember("SessionTranscript")),
        }
    }

    /// The encoded array.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `SessionTranscriptBytes`: the encoded array as a byte string with tag 24, from which session keys are derived.
    pub fn to_tagged(&self) -> Vec<u8> {
        tagged(&self.0)
    }

    fn of_hash(name: &str, info: &[u8]) -> Self {
        let mut out = Writer::with_capacity(64);
        out.array(3).null().null();
        out.array(2).text(name).bytes(&sha256(info));
        Self(out.into_bytes())
    }
}

fn proximity(device_engagement: &[u8], e_reader_key: &[u8]) -> Writer {
    let mut out = Writer::with_capacity(device_engagement.len() + e_reader_key.len() + 16);
    out.array(3);
    for part in [device_engagement, e_reader_key] {
        // Both are maps, so that a tag in front cannot be theirs.
        match part.first() {
            Some(head) if head >> 5 == 6 => out.raw(part),
            _ => out.tag(TAG_EMBEDDED).bytes(part),
        };
    }
    out
}

fn optional_bytes(out: &mut Writer, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => out.bytes(bytes),
        None => out.null(),
    };
}

/// An encoded item as a byte string with tag 24.
pub(super) fn tagged(encoded: &[u8]) -> Vec<u8> {
    let mut out = Writer::with_capacity(encoded.len() + 8);
    out.tag(TAG_EMBEDDED).bytes(encoded);
    out.into_bytes()
}

impl fmt::Debug for SessionTranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionTranscript({} bytes)", self.0.len())
    }
}

impl Serialize for SessionTranscript {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64url::encode(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SessionTranscript {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64url::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Self::from_bytes(&bytes).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    const THUMBPRINT: &[u8; 32] = &[
        0x42, 0x83, 0xec, 0x92, 0x7a, 0xe0, 0xf2, 0x08, 0xda, 0xaa, 0x2d, 0x02, 0x6a, 0x81, 0x4f, 0x2b, 0x22, 0xdc,
        0xa5, 0x2c, 0xf8, 0x5f, 0xfa, 0x8f, 0x3f, 0x86, 0x26, 0xc6, 0xbd, 0x66, 0x90, 0x47,
    ];

    /// OpenID4VP 1.0 Appendix B.2.6.1 and B.2.6.2, the examples.
    #[test]
    fn handovers_are_those_of_the_examples() {
        let redirect = SessionTranscript::openid4vp(
            "x509_san_dns:example.com",
            "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA",
            Some(THUMBPRINT),
            "https://example.com/response",
        );
        assert_eq!(
            hex(redirect.as_bytes()),
            "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac"
        );
        let browser = SessionTranscript::openid4vp_dc_api(
            "https://example.com",
            "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA",
            Some(THUMBPRINT),
        );
        assert_eq!(
            hex(&browser.as_bytes()[29..]),
            "fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a"
        );
    }

    #[test]
    fn parts_go_in_as_sent_and_the_tag_is_put_once() {
        let engagement = [0xb9, 0, 0];
        let key = [0xa0];
        let plain = SessionTranscript::qr(&engagement, &key);
        assert_eq!(hex(plain.as_bytes()), "83d81843b90000d81841a0f6");
        assert_eq!(SessionTranscript::qr(&tagged(&engagement), &tagged(&key)), plain);
        assert_eq!(SessionTranscript::from_bytes(&plain.to_tagged()), Ok(plain.clone()));
        assert_eq!(SessionTranscript::from_bytes(plain.as_bytes()), Ok(plain.clone()));
        let nfc = SessionTranscript::nfc(&engagement, &key, &[1], None);
        assert_eq!(hex(nfc.as_bytes()), "83d81843b90000d81841a0824101f6");
        assert_eq!(
            SessionTranscript::from_bytes(&[0x82, 1, 2]),
            Err(MdocError::BadMember("SessionTranscript"))
        );
        let kept = serde_json::to_string(&plain).unwrap();
        assert_eq!(serde_json::from_str::<SessionTranscript>(&kept).unwrap(), plain);
    }
}
