//! What verifier and wallet say about themselves (OpenID4VP 1.0 §5.1, §10, §11).

use super::RequestError;
use crate::codec::{Json, Object};
use crate::credential::Format;
use crate::keys::PublicKey;

/// `client_metadata` of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientMetadata {
    /// Keys of `jwks` that an answer can be encrypted to, in their order.
    pub encryption_keys: Vec<EncryptionKey>,
    /// `encrypted_response_enc_values_supported`; `A128GCM` where nothing is said (§5.1).
    pub content_ciphers: Vec<String>,
    /// `vp_formats_supported`.
    pub formats: Option<Vec<SupportedFormat>>,
}

/// A format that a verifier takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SupportedFormat {
    /// Its identifier.
    pub name: String,
    /// `kb-jwt_alg_values` or `deviceauth_alg_values`: what the holder may sign with; `None` where nothing is said.
    pub holder_algorithms: Option<Vec<Json>>,
}

/// A key that answers are encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncryptionKey {
    /// The key, on P-256.
    pub key: PublicKey,
    /// `kid`, which the answer repeats.
    pub kid: String,
    /// `alg`; the specification requires it, and only `ECDH-ES` is supported.
    pub alg: Option<String>,
}

/// More keys than an honest verifier offers for one request.
const MOST_KEYS: usize = 32;

impl ClientMetadata {
    /// Reads the member; unknown members are ignored.
    pub fn parse(value: &Json) -> Result<Self, RequestError> {
        let bad = || RequestError::Malformed("client_metadata");
        let object = value.as_object().ok_or_else(bad)?;
        let mut encryption_keys = Vec::new();
        if let Some(jwks) = object.get("jwks") {
            let keys = jwks.get("keys").and_then(Json::as_array).ok_or_else(bad)?;
            if keys.len() > MOST_KEYS {
                return Err(bad());
            }
            let mut seen = Vec::new();
            for key in keys {
                // §5.1: each key has a `kid` that uniquely identifies it within the request.
                let kid = key
                    .get("kid")
                    .and_then(Json::as_str)
                    .ok_or(RequestError::KeyWithoutKid)?;
                if seen.contains(&kid) {
                    return Err(RequestError::RepeatedKid);
                }
                seen.push(kid);
                encryption_keys.extend(EncryptionKey::parse(key, kid));
            }
        }
        let content_ciphers = match object.get("encrypted_response_enc_values_supported") {
            None => vec!["A128GCM".to_owned()],
            Some(values) => values
                .as_array()
                .filter(|values| !values.is_empty())
                .ok_or_else(bad)?
                .iter()
                .map(|value| value.as_str().map(str::to_owned).ok_or_else(bad))
                .collect::<Result<_, _>>()?,
        };
        let formats = match object.get("vp_formats_supported") {
            None => None,
            Some(formats) => Some(
                formats
                    .as_object()
                    .ok_or_else(bad)?
                    .iter()
                    .map(|(name, format)| SupportedFormat::parse(name, format))
                    .collect(),
            ),
        };
        Ok(Self {
            encryption_keys,
            content_ciphers,
            formats,
        })
    }

    /// The key and the cipher to answer with: `A256GCM` is preferred (HAIP 1.0 §5).
    pub fn encryption(&self) -> Result<(&EncryptionKey, &'static str), RequestError> {
        if self.encryption_keys.is_empty() {
            return Err(RequestError::NoEncryptionKey);
        }
        // §8.3: the JWK's `alg` is required, and is the `alg` of the answer.
        let mut usable = self.encryption_keys.iter().filter(|key| key.alg.is_some()).peekable();
        if usable.peek().is_none() {
            return Err(RequestError::KeyWithoutAlg);
        }
        let key = usable
            .find(|key| key.alg.as_deref() == Some("ECDH-ES"))
            .ok_or(RequestError::UnsupportedEncryption)?;
        let cipher = ["A256GCM", "A128GCM"]
            .into_iter()
            .find(|cipher| self.content_ciphers.iter().any(|name| name == cipher))
            .ok_or(RequestError::UnsupportedEncryption)?;
        Ok((key, cipher))
    }

    /// Whether a presentation in this format may be signed with this key (§B.2.2, §B.3.4). A verifier that does not
    /// name the format, or says nothing about algorithms, takes any: it asked for the format. Names and numbers are
    /// taken for each other, since both are in the field in either place.
    pub fn takes_key(&self, format: Format, key: &PublicKey) -> bool {
        let mut formats = self.formats.iter().flatten();
        let named = formats.find(|supported| supported.name == format.name());
        let Some(taken) = named.and_then(|supported| supported.holder_algorithms.as_deref()) else {
            return true;
        };
        let (names, numbers): (&[&str], &[i64]) = match key.algorithm().name() {
            "ES256" => (&["ES256", "ESP256"], &[-7, -9]),
            "ES384" => (&["ES384", "ESP384"], &[-35, -51]),
            "ES512" => (&["ES512", "ESP512"], &[-36, -52]),
            "EdDSA" => (&["EdDSA", "Ed25519"], &[-8, -19]),
            // Let the verifier say no to what this table does not know.
            _ => return true,
        };
        taken.iter().any(|value| match value {
            Json::String(name) => names.contains(&name.as_str()),
            value => value.as_i64().is_some_and(|number| numbers.contains(&number)),
        })
    }

    /// The metadata of a verifier that offers `key` under `kid` for the answer, if it wants one encrypted.
    pub fn to_json(key: Option<(&PublicKey, &str)>) -> Json {
        let algorithms = || Json::Array(["ES256", "ES384", "EdDSA"].into_iter().map(Json::from).collect());
        // A MAC needs a key of ours to agree with: the one that the answer is encrypted to.
        let macs: &[i64] = if key.is_some() { &[HMAC_256_P256] } else { &[] };
        let numbers = |more: &[i64]| {
            let numbers = COSE_SIGNATURES.iter().chain(more).copied();
            Json::Array(numbers.map(Json::from).collect())
        };
        let formats = Object::new()
            .with(
                "dc+sd-jwt",
                Json::Object(
                    Object::new()
                        .with("sd-jwt_alg_values", algorithms())
                        .with("kb-jwt_alg_values", algorithms()),
                ),
            )
            .with(
                "mso_mdoc",
                Json::Object(
                    Object::new()
                        .with("issuerauth_alg_values", numbers(&[]))
                        .with("deviceauth_alg_values", numbers(macs)),
                ),
            );
        let mut metadata = Object::new();
        if let Some((key, kid)) = key {
            let mut jwk = key.to_jwk();
            jwk.insert("kid", kid);
            jwk.insert("alg", "ECDH-ES");
            jwk.insert("use", "enc");
            let keys = Object::new().with("keys", Json::Array(vec![Json::Object(jwk)]));
            metadata.insert("jwks", keys);
            // HAIP 1.0 §5: both are listed.
            let ciphers = vec![Json::from("A128GCM"), Json::from("A256GCM")];
            metadata.insert("encrypted_response_enc_values_supported", ciphers);
        }
        metadata.insert("vp_formats_supported", formats);
        Json::Object(metadata)
    }
}

/// COSE numbers of the signatures that verify here: ES256, ESP256, ES384, ESP384, ES512, ESP512, `EdDSA`, Ed25519
/// (OpenID4VP 1.0 §B.2.2 wants each number that may stand in a header).
const COSE_SIGNATURES: [i64; 8] = [-7, -9, -35, -51, -36, -52, -8, -19];
/// A device MAC with a key agreed on P-256 (OpenID4VP 1.0 §B.2.2).
const HMAC_256_P256: i64 = -65_537;

impl SupportedFormat {
    fn parse(name: &str, format: &Json) -> Self {
        let member = match Format::from_name(name) {
            Some(Format::DcSdJwt) => "kb-jwt_alg_values",
            Some(Format::MsoMdoc) => "deviceauth_alg_values",
            _ => "alg_values",
        };
        let values = format.get(member).and_then(Json::as_array);
        Self {
            name: name.to_owned(),
            holder_algorithms: values.filter(|values| !values.is_empty()).map(<[Json]>::to_vec),
        }
    }
}

impl EncryptionKey {
    /// A key of another kind or use is not an error: it is for somebody else.
    fn parse(jwk: &Json, kid: &str) -> Option<Self> {
        let text = |name| jwk.get(name).and_then(Json::as_str);
        if text("use").is_some_and(|usage| usage != "enc") {
            return None;
        }
        // HAIP 1.0 §5: the key is on P-256.
        if text("crv") != Some("P-256") {
            return None;
        }
        Some(Self {
            key: PublicKey::from_jwk(jwk).ok()?,
            kid: kid.to_owned(),
            alg: text("alg").map(str::to_owned),
        })
    }
}

/// `wallet_metadata` for a request fetched by POST: only what a verifier needs to write a fitting request
/// (OpenID4VP 1.0 §5.10, §10), the same for every wallet of this kind.
pub fn wallet_metadata() -> Json {
    let list = |values: &[&str]| Json::Array(values.iter().copied().map(Json::from).collect());
    let algorithms = || list(&["ES256", "ES384", "EdDSA"]);
    let sd_jwt = Object::new()
        .with("sd-jwt_alg_values", algorithms())
        .with("kb-jwt_alg_values", algorithms());
    let numbers = |numbers: &[i64]| Json::Array(numbers.iter().copied().map(Json::from).collect());
    let mdoc = Object::new()
        .with("issuerauth_alg_values", numbers(&COSE_SIGNATURES))
        .with("deviceauth_alg_values", numbers(&[-7, -9, -35, -51, -8, -19]));
    let formats = Object::new()
        .with("dc+sd-jwt", Json::Object(sd_jwt))
        .with("mso_mdoc", Json::Object(mdoc));
    Json::Object(
        Object::new()
            .with("vp_formats_supported", Json::Object(formats))
            .with("client_id_prefixes_supported", list(&["x509_hash", "x509_san_dns"]))
            .with("request_object_signing_alg_values_supported", list(&["ES256", "ES384"]))
            .with("authorization_encryption_alg_values_supported", list(&["ECDH-ES"]))
            .with(
                "authorization_encryption_enc_values_supported",
                list(&["A128GCM", "A256GCM"]),
            ),
    )
}
