//! Everything that can be wrong with an SD-JWT.

use std::fmt;

use crate::codec::JsonError;
use crate::codec::base64url::Base64Error;
use crate::envelope::jws::JwsError;
use crate::keys::KeyError;
use crate::time::OutsideValidity;
use crate::trust::TrustError;

use super::{PathError, StatusReferenceError};

/// An SD-JWT that is not acceptable, or a use of one that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SdJwtError {
    /// `aud` of the credential does not name us.
    AudienceMismatch,
    /// An array element with a member `...` that has other members or no string.
    BadArraySlot,
    /// A claim that does not hold what it should.
    BadClaim(&'static str),
    /// `_sd` is not an array of strings.
    BadDigestList,
    /// A claim that must be there is not.
    ClaimMissing(&'static str),
    /// A disclosure is not base64url.
    DisclosureEncoding(Base64Error),
    /// A disclosure is not acceptable JSON.
    DisclosureJson(JsonError),
    /// A member's disclosure stands in an array, or an element's in an object.
    DisclosureKind,
    /// The same disclosure was sent twice.
    DisclosureRepeated,
    /// A disclosure is neither `[salt, value]` nor `[salt, name, value]`.
    DisclosureShape,
    /// A disclosure that no digest stands for.
    DisclosureUnreferenced,
    /// A digest stands in two places.
    DuplicateDigest,
    /// `cnf` has no usable key.
    HolderKey(KeyError),
    /// There is no `cnf` with a `jwk`; keys by reference are not fetched.
    HolderKeyMissing,
    /// The key binding JWT is not acceptable as a JWS.
    KeyBinding(JwsError),
    /// `aud` of the key binding JWT is another.
    KeyBindingAudience,
    /// A claim of the key binding JWT is missing or malformed.
    KeyBindingClaim(&'static str),
    /// The key binding JWT was made in the future.
    KeyBindingInFuture {
        /// How many seconds ahead it is.
        ahead: i64,
        /// How many are forgiven.
        limit: i64,
    },
    /// A key binding JWT is required and none was sent.
    KeyBindingMissing,
    /// `nonce` of the key binding JWT is another.
    KeyBindingNonce,
    /// `sd_hash` is not that of what was sent.
    KeyBindingSdHash,
    /// The key binding JWT was made too long ago.
    KeyBindingTooOld {
        /// Its age in seconds.
        age: i64,
        /// The limit.
        limit: i64,
    },
    /// A key binding JWT was sent where none belongs.
    KeyBindingUnexpected,
    /// The JSON serialisation is not as RFC 9901 §8 has it.
    JsonForm(&'static str),
    /// A part is not acceptable JSON.
    Json(JsonError),
    /// The issuer-signed JWT is not acceptable as a JWS.
    Jws(JwsError),
    /// A disclosed name exists at its level.
    NameClash,
    /// A claim of an SD-JWT VC that must not be selectively disclosable is so.
    NeverSelective(&'static str),
    /// There is no `~`: not an SD-JWT.
    NotAnSdJwt,
    /// A path selects nothing.
    NothingThere,
    /// Expired or not yet valid.
    OutsideValidity(OutsideValidity),
    /// A path does not fit the claims.
    Path(PathError),
    /// `_sd`, `_sd_alg` or `...` is used as a name of its own.
    ReservedName,
    /// `status` cannot be followed.
    Status(StatusReferenceError),
    /// Disclosures nest too deeply.
    TooDeep {
        /// How deep it goes.
        depth: usize,
        /// The limit.
        limit: usize,
    },
    /// The issuer is not trusted.
    Trust(TrustError),
    /// `_sd_alg` is not supported.
    UnsupportedHash,
}

impl SdJwtError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AudienceMismatch => "sd_jwt.audience",
            Self::BadArraySlot => "sd_jwt.payload.bad_array_slot",
            Self::BadClaim(_) => "sd_jwt.claim.malformed",
            Self::BadDigestList => "sd_jwt.payload.bad_digest_list",
            Self::ClaimMissing(_) => "sd_jwt.claim.missing",
            Self::DisclosureEncoding(_) => "sd_jwt.disclosure.base64",
            Self::DisclosureJson(_) => "sd_jwt.disclosure.json",
            Self::DisclosureKind => "sd_jwt.disclosure.wrong_kind",
            Self::DisclosureRepeated => "sd_jwt.disclosure.repeated",
            Self::DisclosureShape => "sd_jwt.disclosure.malformed",
            Self::DisclosureUnreferenced => "sd_jwt.disclosure.unreferenced",
            Self::DuplicateDigest => "sd_jwt.disclosure.duplicate_digest",
            Self::HolderKey(error) => error.code(),
            Self::HolderKeyMissing => "sd_jwt.holder_key_missing",
            Self::KeyBinding(JwsError::BadSignature) => "sd_jwt.key_binding.bad_signature",
            Self::KeyBinding(_) => "sd_jwt.key_binding.malformed",
            Self::KeyBindingAudience => "sd_jwt.key_binding.audience",
            Self::KeyBindingClaim(_) => "sd_jwt.key_binding.claim",
            Self::KeyBindingInFuture { .. } => "sd_jwt.key_binding.in_future",
            Self::KeyBindingMissing => "sd_jwt.key_binding.missing",
            Self::KeyBindingNonce => "sd_jwt.key_binding.nonce",
            Self::KeyBindingSdHash => "sd_jwt.key_binding.sd_hash",
            Self::KeyBindingTooOld { .. } => "sd_jwt.key_binding.too_old",
            Self::KeyBindingUnexpected => "sd_jwt.key_binding.unexpected",
            Self::JsonForm(_) => "sd_jwt.json_form",
            Self::Json(error) => error.code(),
            Self::Jws(error) => error.code(),
            Self::NameClash => "sd_jwt.disclosure.name_clash",
            Self::NeverSelective(_) => "sd_jwt.claim.never_selective",
            Self::NotAnSdJwt => "sd_jwt.no_tilde",
            Self::NothingThere => "sd_jwt.nothing_there",
            Self::OutsideValidity(OutsideValidity::NotYetValid { .. }) => "sd_jwt.not_yet_valid",
            Self::OutsideValidity(_) => "sd_jwt.expired",
            Self::Path(_) => "sd_jwt.path",
            Self::ReservedName => "sd_jwt.reserved_name",
            Self::Status(error) => error.code(),
            Self::TooDeep { .. } => "sd_jwt.too_deep",
            Self::Trust(error) => error.code(),
            Self::UnsupportedHash => "sd_jwt.unsupported_hash",
        }
    }
}

impl From<JsonError> for SdJwtError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<JwsError> for SdJwtError {
    fn from(error: JwsError) -> Self {
        Self::Jws(error)
    }
}

impl From<OutsideValidity> for SdJwtError {
    fn from(error: OutsideValidity) -> Self {
        Self::OutsideValidity(error)
    }
}

impl From<PathError> for SdJwtError {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl From<TrustError> for SdJwtError {
    fn from(error: TrustError) -> Self {
        Self::Trust(error)
    }
}

impl fmt::Display for SdJwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AudienceMismatch => f.write_str("the credential is meant for another audience"),
            Self::BadArraySlot => f.write_str("an array element with `...` is not a digest"),
            Self::BadClaim(name) => write!(f, "claim `{name}` is malformed"),
            Self::BadDigestList => f.write_str("`_sd` is not an array of strings"),
            Self::ClaimMissing(name) => write!(f, "claim `{name}` is missing"),
            Self::DisclosureEncoding(error) => write!(f, "a disclosure is not base64url: {error}"),
            Self::DisclosureJson(error) => write!(f, "a disclosure is not acceptable: {error}"),
            Self::DisclosureKind => f.write_str("a disclosure is of the wrong kind for its place"),
            Self::DisclosureRepeated => f.write_str("a disclosure was sent twice"),
            Self::DisclosureShape => f.write_str("a disclosure is neither `[salt, value]` nor `[salt, name, value]`"),
            Self::DisclosureUnreferenced => f.write_str("a disclosure belongs to no digest"),
            Self::DuplicateDigest => f.write_str("a digest stands in two places"),
            Self::HolderKey(error) => write!(f, "the holder's key: {error}"),
            Self::HolderKeyMissing => f.write_str("the credential names no holder key (`cnf.jwk`)"),
            Self::KeyBinding(error) => write!(f, "key binding: {error}"),
            Self::KeyBindingAudience => f.write_str("key binding is for another audience"),
            Self::KeyBindingClaim(name) => write!(f, "key binding: claim `{name}` is missing or malformed"),
            Self::KeyBindingInFuture { ahead, limit } => {
                write!(f, "key binding was made {ahead} seconds ahead, {limit} are forgiven")
            }
            Self::KeyBindingMissing => f.write_str("key binding is required and missing"),
            Self::KeyBindingNonce => f.write_str("key binding is for another nonce"),
            Self::KeyBindingSdHash => f.write_str("key binding is for other disclosures"),
            Self::KeyBindingTooOld { age, limit } => {
                write!(f, "key binding is {age} seconds old, {limit} are allowed")
            }
            Self::KeyBindingUnexpected => f.write_str("key binding was sent where none belongs"),
            Self::JsonForm(expected) => write!(f, "not a JSON-serialised SD-JWT: expected {expected}"),
            Self::Json(error) => error.fmt(f),
            Self::Jws(error) => error.fmt(f),
            Self::NameClash => f.write_str("a disclosed name exists at its level"),
            Self::NeverSelective(name) => write!(f, "claim `{name}` must not be selectively disclosable"),
            Self::NotAnSdJwt => f.write_str("not an SD-JWT: there is no `~`"),
            Self::NothingThere => f.write_str("the path selects nothing"),
            Self::OutsideValidity(error) => error.fmt(f),
            Self::Path(error) => error.fmt(f),
            Self::ReservedName => f.write_str("`_sd`, `_sd_alg` or `...` is used as a name"),
            Self::Status(error) => error.fmt(f),
            Self::TooDeep { depth, limit } => write!(f, "claims nest {depth} levels deep, {limit} are allowed"),
            Self::Trust(error) => error.fmt(f),
            Self::UnsupportedHash => f.write_str("`_sd_alg` is not supported (sha-256, sha-384 and sha-512 are)"),
        }
    }
}

impl std::error::Error for SdJwtError {}
