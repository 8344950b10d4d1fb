//! JSON Web Keys (RFC 7517), EC and OKP (RFC 7518 §6.2, RFC 8037 §2), and their thumbprints (RFC 7638).

use std::fmt;

use crate::codec::{Json, Object, base64url};
use crate::crypto::{BadKey, Curve, SignatureAlgorithm, SigningKey, VerifyingKey, sha256};

/// A public signature key. Equal when curve and point are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Wraps a parsed key.
    pub fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// Reads the key members of a JWK; `kid`, `alg` and others are left to [`Jwk`].
    pub fn from_jwk(jwk: &Json) -> Result<Self, KeyError> {
        let object = jwk.as_object().ok_or(KeyError::NotAnObject)?;
        // RFC 7517 §9.2, RFC 8037 §2: a private member in a public place is a leaked key.
        if ["d", "p", "q", "k", "priv"]
            .iter()
            .any(|member| object.contains(member))
        {
            return Err(KeyError::PrivateMember);
        }
        let text = |name: &'static str| object.get(name).and_then(Json::as_str).ok_or(KeyError::Missing(name));
        let bytes = |name: &'static str| base64url::decode(text(name)?).map_err(|_| KeyError::BadMember(name));
        // RSA and symmetric keys have no curve; they are not malformed, only not supported.
        if !matches!(text("kty")?, "EC" | "OKP") {
            return Err(KeyError::UnsupportedType);
        }
        let (curve, point) = match (text("kty")?, text("crv")?) {
            ("EC", name @ ("P-256" | "P-384")) => {
                let curve = if name == "P-256" { Curve::P256 } else { Curve::P384 };
                let (x, y) = (bytes("x")?, bytes("y")?);
                // RFC 7518 §6.2.1.2: the length is that of the field, leading zeros kept.
                if x.len() != curve.coordinate_length() || y.len() != curve.coordinate_length() {
                    return Err(KeyError::BadMember("x"));
                }
                (curve, [&[4], x.as_slice(), &y].concat())
            }
            ("OKP", "Ed25519") => (Curve::Ed25519, bytes("x")?),
            _ => return Err(KeyError::UnsupportedType),
        };
        VerifyingKey::new(curve, &point)
            .map(Self)
            .map_err(|BadKey| KeyError::NotOnCurve)
    }

    /// The JWK with the required members only.
    pub fn to_jwk(&self) -> Object {
        let point = self.0.point();
        let name = |curve| match curve {
            // No registry names these; they are written where a thumbprint is needed, and never read.
            Curve::BrainpoolP256r1 => "brainpoolP256r1",
            Curve::BrainpoolP384r1 => "brainpoolP384r1",
            Curve::Ed25519 => "Ed25519",
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        };
        let curve = Json::from(name(self.0.curve()));
        if self.0.curve() == Curve::Ed25519 {
            return Object::new()
                .with("kty", Json::from("OKP"))
                .with("crv", curve)
                .with("x", Json::from(base64url::encode(point)));
        }
        let (x, y) = point[1..].split_at(self.0.curve().coordinate_length());
        Object::new()
            .with("kty", Json::from("EC"))
            .with("crv", curve)
            .with("x", Json::from(base64url::encode(x)))
            .with("y", Json::from(base64url::encode(y)))
    }

    /// The SHA-256 thumbprint as base64url (RFC 7638 §3).
    pub fn thumbprint(&self) -> String {
        let canonical = Json::Object(self.to_jwk())
            .to_canonical()
            .expect("a JWK has strings only");
        base64url::encode(sha256(canonical.as_bytes()))
    }

    /// The key, to check signatures with.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }

    /// The algorithm of its signatures.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.curve().algorithm()
    }
}

impl From<&SigningKey> for PublicKey {
    fn from(key: &SigningKey) -> Self {
        Self(key.verifying_key())
    }
}

/// A JWK with the members that say what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Jwk {
    /// The key.
    pub key: PublicKey,
    /// `kid`.
    pub kid: Option<String>,
    /// `alg`, as written.
    pub alg: Option<String>,
    /// `use`, as written.
    pub usage: Option<String>,
    /// `key_ops`, as written; names that are no strings are left out.
    pub operations: Option<Vec<String>>,
}

impl Jwk {
    /// Reads a JWK.
    pub fn parse(jwk: &Json) -> Result<Self, KeyError> {
        let text = |name: &str| jwk.get(name).and_then(Json::as_str).map(str::to_owned);
        Ok(Self {
            key: PublicKey::from_jwk(jwk)?,
            kid: text("kid"),
            alg: text("alg"),
            usage: text("use"),
            operations: jwk.get("key_ops").and_then(Json::as_array).map(|names| {
                let names = names.iter().filter_map(Json::as_str);
                names.map(str::to_owned).collect()
            }),
        })
    }
}

/// A JWK set. Keys of kinds that are not understood are skipped (RFC 7517 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet(Vec<Jwk>);

/// More keys than an honest issuer rotates.
const MOST_KEYS: usize = 100;

impl JwkSet {
    /// A set of keys.
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self(keys)
    }

    /// Reads `{"keys": [...]}`.
    pub fn parse(set: &Json) -> Result<Self, KeyError> {
        let keys = set
            .get("keys")
            .and_then(Json::as_array)
            .ok_or(KeyError::Missing("keys"))?;
        if keys.len() > MOST_KEYS {
            return Err(KeyError::TooManyKeys {
                count: keys.len(),
                limit: MOST_KEYS,
            });
        }
        let mut parsed = Vec::new();
        for key in keys {
            match Jwk::parse(key) {
                Ok(key) => parsed.push(key),
                Err(KeyError::UnsupportedType | KeyError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self(parsed))
    }

    /// The keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.0
    }

    /// The keys that could have signed with `algorithm` under this `kid`: all of the kind if no `kid` is given.
    pub fn candidates<'a>(
        &'a self,
        algorithm: SignatureAlgorithm,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Jwk> {
        self.0.iter().filter(move |jwk| {
            jwk.key.algorithm() == algorithm
                && jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
                // RFC 7517 §4.3.
                && jwk.operations.as_ref().is_none_or(|names| names.iter().any(|name| name == "verify"))
                && kid.is_none_or(|kid| jwk.kid.as_deref() == Some(kid))
        })
    }
}

/// Reads a private JWK.
pub(crate) fn private_from_jwk(jwk: &Json) -> Result<SigningKey, KeyError> {
    let mut public = jwk.as_object().ok_or(KeyError::NotAnObject)?.clone();
    let scalar = public.remove("d").ok_or(KeyError::Missing("d"))?;
    let scalar = scalar.as_str().ok_or(KeyError::BadMember("d"))?;
    let public = PublicKey::from_jwk(&Json::Object(public))?;
    let scalar = zeroize::Zeroizing::new(base64url::decode(scalar).map_err(|_| KeyError::BadMember("d"))?);
    let key = SigningKey::from_bytes(public.0.curve(), &scalar).map_err(|BadKey| KeyError::BadMember("d"))?;
    if PublicKey::from(&key) != public {
        return Err(KeyError::HalvesDiffer);
    }
    Ok(key)
}

impl SigningKey {
    /// Reads a private JWK; its public half must be there and must match.
    pub fn from_private_jwk(jwk: &Json) -> Result<Self, KeyError> {
        private_from_jwk(jwk)
    }
}

/// A JWK that is not a usable key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// A member that does not hold what it should.
    BadMember(&'static str),
    /// Public and private half do not belong together.
    HalvesDiffer,
    /// A member that is missing.
    Missing(&'static str),
    /// Not a JSON object.
    NotAnObject,
    /// A point off its curve, or of small order.
    NotOnCurve,
    /// A private member where a public key belongs.
    PrivateMember,
    /// More keys in a set than allowed.
    TooManyKeys {
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A key type or curve that is not supported.
    UnsupportedType,
}

impl KeyError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadMember(_) => "jwk.bad_member",
            Self::HalvesDiffer => "jwk.halves_differ",
            Self::Missing(_) => "jwk.member_missing",
            Self::NotAnObject => "jwk.not_an_object",
            Self::NotOnCurve => "jwk.not_on_curve",
            Self::PrivateMember => "jwk.private_member",
            Self::TooManyKeys { .. } => "jwk.too_many_keys",
            Self::UnsupportedType => "jwk.unsupported_type",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMember(name) => write!(f, "member `{name}` of the key is malformed"),
            Self::HalvesDiffer => f.write_str("public and private half of the key do not belong together"),
            Self::Missing(name) => write!(f, "the key has no member `{name}`"),
            Self::NotAnObject => f.write_str("a key is a JSON object"),
            Self::NotOnCurve => f.write_str("the key is not a point of its curve"),
            Self::PrivateMember => f.write_str("a public key carries private members"),
            Self::TooManyKeys { count, limit } => write!(f, "{count} keys in a set, {limit} are allowed"),
            Self::UnsupportedType => {
                f.write_str("key type or curve is not supported (EC P-256, EC P-384, OKP Ed25519 are)")
            }
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Budget;

    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn json(text: &str) -> Json {
        Json::parse(text, &mut Budget::default()).expect("valid JSON")
    }

    /// RFC 8037 Appendix A.3.
    #[test]
    fn thumbprint_is_the_published_one() {
        let key = PublicKey::from_jwk(&json(ED25519)).expect("valid key");
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(PublicKey::from_jwk(&Json::Object(key.to_jwk())), Ok(key));
    }

    #[test]
    fn refuses_private_members_and_points_off_the_curve() {
        let tamper = |from: &str, to: &str| PublicKey::from_jwk(&json(&ED25519.replace(from, to)));
        assert_eq!(tamper("\"x\"", "\"d\":\"AA\",\"x\""), Err(KeyError::PrivateMember));
        assert_eq!(tamper("Ed25519", "Ed448"), Err(KeyError::UnsupportedType));
        assert_eq!(tamper("\"x\"", "\"X\""), Err(KeyError::Missing("x")));
        let off = r#"{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}"#;
        assert_eq!(PublicKey::from_jwk(&json(off)), Err(KeyError::NotOnCurve));
        let weak = r#"{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
        assert_eq!(PublicKey::from_jwk(&json(weak)), Err(KeyError::NotOnCurve));
    }
}
