//! JSON Web Encryption (RFC 7516), compact, as OpenID4VC uses it: `ECDH-ES` on P-256 with A128GCM or A256GCM.
//!
//! Direct key agreement only (RFC 7518 §4.6); `zip`, `crit` and every other `alg` or `enc` are refused.
//! `apu` and `apv` of the header always go into the key derivation (OpenID4VP 1.0 §8.3 sets no rule for them).

use std::fmt;

use zeroize::Zeroizing;

use crate::codec::base64url::{self, Base64Error};
use crate::codec::{Budget, Json, JsonError, Object};
use crate::crypto::{AgreementKey, ContentCipher, Curve, Random, agree_p256, concat_kdf, random_bytes};
use crate::keys::PublicKey;

/// What to encrypt for, beside the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipient {
    /// The public key, on P-256.
    pub key: PublicKey,
    /// `kid` to copy into the header.
    pub kid: Option<String>,
    /// The content encryption.
    pub enc: ContentCipher,
    /// Agreement PartyUInfo.
    pub apu: Vec<u8>,
    /// Agreement PartyVInfo.
    pub apv: Vec<u8>,
}

impl Recipient {
    /// A recipient without `apu` and `apv`.
    pub fn new(key: PublicKey, kid: Option<String>, enc: ContentCipher) -> Self {
        Self {
            key,
            kid,
            enc,
            apu: Vec::new(),
            apv: Vec::new(),
        }
    }
}

/// Encrypts `plain` to one recipient.
pub fn encrypt(plain: &[u8], recipient: &Recipient, random: &mut dyn Random) -> Result<String, JweError> {
    let ephemeral = AgreementKey::generate(random);
    encrypt_with(plain, recipient, &ephemeral, random_bytes(random))
}

fn encrypt_with(
    plain: &[u8],
    recipient: &Recipient,
    ephemeral: &AgreementKey,
    nonce: [u8; 12],
) -> Result<String, JweError> {
    let key = recipient.key.verifying_key();
    if key.curve() != Curve::P256 {
        return Err(JweError::KeyDoesNotFit);
    }
    let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| Json::from(base64url::encode(bytes)));
    let header = Object::new()
        .with("alg", Json::from("ECDH-ES"))
        .with("enc", Json::from(recipient.enc.name()))
        .with("kid", recipient.kid.as_deref().map(Json::from))
        .with("epk", Json::Object(point_to_jwk(&ephemeral.public_point())))
        .with("apu", text(&recipient.apu))
        .with("apv", text(&recipient.apv));
    let header = base64url::encode(header.to_string());
    let secret = agree_p256(ephemeral, key.point()).map_err(|_| JweError::KeyDoesNotFit)?;
    let length = recipient.enc.key_length();
    let content_key = concat_kdf(&*secret, recipient.enc.name(), &recipient.apu, &recipient.apv, length);
    let sealed = recipient.enc.seal(&content_key, &nonce, plain, header.as_bytes());
    let (cipher, tag) = sealed.map_err(|_| JweError::NotDecrypted)?;
    // The encrypted key is empty: direct agreement.
    Ok([
        header,
        String::new(),
        base64url::encode(nonce),
        base64url::encode(cipher),
        base64url::encode(tag),
    ]
    .join("."))
}

fn point_to_jwk(point: &[u8]) -> Object {
    let (x, y) = point[1..].split_at(32);
    Object::new()
        .with("kty", Json::from("EC"))
        .with("crv", Json::from("P-256"))
        .with("x", Json::from(base64url::encode(x)))
        .with("y", Json::from(base64url::encode(y)))
}

/// A JWE as received.
#[derive(Clone, Debug)]
pub struct EncryptedJwe {
    protected: String,
    enc: ContentCipher,
    kid: Option<String>,
    ephemeral: PublicKey,
    apu: Vec<u8>,
    apv: Vec<u8>,
    nonce: [u8; 12],
    cipher: Vec<u8>,
    tag: [u8; 16],
}

impl EncryptedJwe {
    /// Parses the compact serialisation (RFC 7516 §7.1).
    pub fn parse(text: &str, budget: &mut Budget) -> Result<Self, JweError> {
        budget.spend_bytes(text.len()).map_err(JsonError::from)?;
        let parts: Vec<&str> = text.splitn(6, '.').collect();
        let [protected, encrypted_key, nonce, cipher, tag] = parts[..] else {
            return Err(JweError::NotFiveParts);
        };
        let header = Json::parse(base64url::decode(protected)?, budget)?;
        let string = |name: &'static str| match header.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(JweError::BadHeader(name)),
        };
        if string("alg")? != Some("ECDH-ES") {
            return Err(JweError::UnsupportedAlgorithm);
        }
        let enc = string("enc")?
            .and_then(ContentCipher::from_name)
            .ok_or(JweError::UnsupportedEncryption)?;
        if header.get("crit").is_some() || header.get("zip").is_some() {
            return Err(JweError::CriticalHeader);
        }
        // RFC 7516 §5.2 step 10: with direct agreement there is no encrypted key.
        if !encrypted_key.is_empty() {
            return Err(JweError::EncryptedKey);
        }
        let ephemeral = PublicKey::from_jwk(header.get("epk").ok_or(JweError::BadHeader("epk"))?);
        let ephemeral = ephemeral.map_err(|_| JweError::BadHeader("epk"))?;
        if ephemeral.verifying_key().curve() != Curve::P256 {
            return Err(JweError::KeyDoesNotFit);
        }
        let bytes = |name| match string(name)? {
            None => Ok(Vec::new()),
            Some(text) => base64url::decode(text).map_err(|_| JweError::BadHeader(name)),
        };
        Ok(Self {
            enc,
            kid: string("kid")?.map(str::to_owned),
            ephemeral,
            apu: bytes("apu")?,
            apv: bytes("apv")?,
            nonce: base64url::decode(nonce)?
                .try_into()
                .map_err(|_| JweError::NonceLength)?,
            cipher: base64url::decode(cipher)?,
            tag: base64url::decode(tag)?.try_into().map_err(|_| JweError::TagLength)?,
            protected: protected.to_owned(),
        })
    }

    /// `kid`: which of our keys is meant.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// `enc`.
    pub fn enc(&self) -> ContentCipher {
        self.enc
    }

    /// `apu`, decoded.
    pub fn apu(&self) -> &[u8] {
        &self.apu
    }

    /// `apv`, decoded.
    pub fn apv(&self) -> &[u8] {
        &self.apv
    }

    /// Decrypts; a wrong key and altered text look alike.
    pub fn decrypt(&self, key: &AgreementKey) -> Result<Zeroizing<Vec<u8>>, JweError> {
        let secret = agree_p256(key, self.ephemeral.verifying_key().point()).map_err(|_| JweError::KeyDoesNotFit)?;
        let content_key = concat_kdf(&*secret, self.enc.name(), &self.apu, &self.apv, self.enc.key_length());
        let opened = self.enc.open(
            &content_key,
            &self.nonce,
            &self.cipher,
            &self.tag,
            self.protected.as_bytes(),
        );
        opened.map_err(|_| JweError::NotDecrypted)
    }
}

/// A JWE that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JweError {
    /// A header member does not hold what it should.
    BadHeader(&'static str),
    /// A part is not base64url.
    Base64(Base64Error),
    /// A critical extension or compression, neither of which is supported.
    CriticalHeader,
    /// An encrypted key where direct agreement has none.
    EncryptedKey,
    /// The header is not acceptable JSON.
    Json(JsonError),
    /// A key that is not on P-256.
    KeyDoesNotFit,
    /// A nonce that is not 96 bits.
    NonceLength,
    /// Wrong key, or altered.
    NotDecrypted,
    /// Not five parts.
    NotFiveParts,
    /// A tag that is not 128 bits: shorter ones are easier to guess.
    TagLength,
    /// `alg` is not `ECDH-ES`.
    UnsupportedAlgorithm,
    /// `enc` is neither A128GCM nor A256GCM.
    UnsupportedEncryption,
}

impl JweError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadHeader(_) => "jwe.bad_header",
            Self::Base64(_) => "jwe.base64",
            Self::CriticalHeader => "jwe.critical_header",
            Self::EncryptedKey => "jwe.encrypted_key",
            Self::Json(error) => error.code(),
            Self::KeyDoesNotFit => "jwe.key_does_not_fit",
            Self::NonceLength => "jwe.nonce_length",
            Self::NotDecrypted => "jwe.not_decrypted",
            Self::NotFiveParts => "jwe.not_five_parts",
            Self::TagLength => "jwe.tag_length",
            Self::UnsupportedAlgorithm => "jwe.unsupported_alg",
            Self::UnsupportedEncryption => "jwe.unsupported_enc",
        }
    }
}

impl From<Base64Error> for JweError {
    fn from(error: Base64Error) -> Self {
        Self::Base64(error)
    }
}

impl From<JsonError> for JweError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for JweError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadHeader(name) => write!(f, "header member `{name}` is missing or malformed"),
            Self::Base64(error) => write!(f, "not base64url: {error}"),
            Self::CriticalHeader => f.write_str("header asks for an extension or compression that is not supported"),
            Self::EncryptedKey => f.write_str("an encrypted key is present, direct agreement has none"),
            Self::Json(error) => error.fmt(f),
            Self::KeyDoesNotFit => f.write_str("key is not on P-256"),
            Self::NonceLength => f.write_str("nonce is not 96 bits"),
            Self::NotDecrypted => f.write_str("wrong key, or the message was altered"),
            Self::NotFiveParts => f.write_str("not a compact JWE of five parts"),
            Self::TagLength => f.write_str("authentication tag is not 128 bits"),
            Self::UnsupportedAlgorithm => f.write_str("`alg` is not supported (ECDH-ES is)"),
            Self::UnsupportedEncryption => f.write_str("`enc` is not supported (A128GCM and A256GCM are)"),
        }
    }
}

impl std::error::Error for JweError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::VerifyingKey;

    struct Counter(u8);

    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn sealed(enc: ContentCipher) -> (String, AgreementKey) {
        let key = AgreementKey::generate(&mut Counter(9));
        let public = VerifyingKey::new(Curve::P256, &key.public_point()).expect("on the curve");
        let mut recipient = Recipient::new(PublicKey::new(public), Some("k1".into()), enc);
        recipient.apu = b"Alice".to_vec();
        recipient.apv = b"Bob".to_vec();
        (
            encrypt(b"vp_token", &recipient, &mut Counter(0)).expect("encrypts"),
            key,
        )
    }

    fn open(text: &str, key: &AgreementKey) -> Result<Vec<u8>, JweError> {
        EncryptedJwe::parse(text, &mut Budget::default())?
            .decrypt(key)
            .map(|plain| plain.to_vec())
    }

    #[test]
    fn decrypts_what_it_encrypts() {
        for enc in [ContentCipher::A128Gcm, ContentCipher::A256Gcm] {
            let (text, key) = sealed(enc);
            assert_eq!(open(&text, &key), Ok(b"vp_token".to_vec()));
            assert_eq!(
                open(&text, &AgreementKey::generate(&mut Counter(77))),
                Err(JweError::NotDecrypted)
            );
        }
    }

    #[test]
    fn every_part_is_authenticated() {
        let (text, key) = sealed(ContentCipher::A256Gcm);
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let with = |index: usize, part: String| {
            let mut parts = parts.clone();
            parts[index] = part;
            open(&parts.join("."), &key)
        };
        let header = |from: &str, to: &str| {
            let header = String::from_utf8(base64url::decode(&parts[0]).expect("base64")).expect("UTF-8");
            assert!(header.contains(from), "{header}");
            with(0, base64url::encode(header.replace(from, to)))
        };
        assert_eq!(header("QWxpY2U", "QWxpY2V"), Err(JweError::BadHeader("apu")));
        assert_eq!(header("\"k1\"", "\"k2\""), Err(JweError::NotDecrypted));
        assert_eq!(header("ECDH-ES", "dir"), Err(JweError::UnsupportedAlgorithm));
        assert_eq!(header("A256GCM", "A128CBC-HS256"), Err(JweError::UnsupportedEncryption));
        assert_eq!(header("\"kid\"", "\"zip\""), Err(JweError::CriticalHeader));
        assert_eq!(with(1, "AAAA".into()), Err(JweError::EncryptedKey));
        assert_eq!(with(2, "AAAA".into()), Err(JweError::NonceLength));
        assert_eq!(with(3, "AAAA".into()), Err(JweError::NotDecrypted));
        assert_eq!(with(4, base64url::encode([0; 12])), Err(JweError::TagLength));
        assert_eq!(open(&format!("{text}.x"), &key), Err(JweError::NotFiveParts));
    }
}
