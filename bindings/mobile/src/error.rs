//! The one error that apps see, and the one place where errors of the core become it.

use std::fmt;

use wallet_core::codec::JsonError;
use wallet_core::credential::sd_jwt::SdJwtError;
use wallet_core::envelope::jws::JwsError;
use wallet_core::keys::KeyError;
use wallet_core::trust::TrustError;
use wallet_core::trust::pack::PackError;

/// Why something was not done. It holds no personal data: all of it may be logged.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// The call had no effect.
    Failed {
        /// What the app can act on.
        kind: ErrorKind,
        /// The stable name of the reason, for logs and translations.
        code: String,
        /// The reason in English. It is not named `message`, for Kotlin's exceptions have a member of this name.
        reason: String,
        /// What the user or the app can do, in English.
        remedy: String,
    },
}

/// What an app can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was given cannot be read.
    Malformed,
    /// The app called with arguments that make no sense: a fault of the app.
    Misuse,
    /// It was understood and is not allowed.
    Refused,
    /// It is larger or deeper than anything honest.
    TooLarge,
    /// It may be right, but this version cannot do it.
    Unsupported,
}

impl WalletError {
    pub(crate) fn new(kind: ErrorKind, code: &str, reason: impl fmt::Display, remedy: &str) -> Self {
        Self::Failed {
            kind,
            code: code.to_owned(),
            reason: reason.to_string(),
            remedy: remedy.to_owned(),
        }
    }
}

impl From<SdJwtError> for WalletError {
    fn from(error: SdJwtError) -> Self {
        let kind = match &error {
            SdJwtError::Json(error) | SdJwtError::DisclosureJson(error) => of_json(error),
            SdJwtError::Jws(error) => of_jws(error),
            SdJwtError::TooDeep { .. } => ErrorKind::TooLarge,
            SdJwtError::Trust(_) => ErrorKind::Refused,
            SdJwtError::UnsupportedHash => ErrorKind::Unsupported,
            _ => ErrorKind::Malformed,
        };
        let remedy = match kind {
            ErrorKind::Unsupported => "ask the issuer for a credential of a kind that is supported",
            _ => "give an SD-JWT: compact, or in a JSON serialisation",
        };
        Self::new(kind, error.code(), error, remedy)
    }
}

impl From<PackError> for WalletError {
    fn from(error: PackError) -> Self {
        let kind = match &error {
            PackError::Json(error) => of_json(error),
            PackError::Jws(error) => of_jws(error),
            PackError::IsPack | PackError::Key(KeyError::UnsupportedType) => ErrorKind::Unsupported,
            PackError::Expired { .. } | PackError::GoesBack { .. } | PackError::Trust(_) => ErrorKind::Refused,
            _ => ErrorKind::Malformed,
        };
        let remedy = match &error {
            PackError::Trust(_) => "use this anchor for another role or environment",
            _ => "give certificates in PEM or DER, a JWK, a JWKS, or issuer metadata with keys",
        };
        Self::new(kind, error.code(), error, remedy)
    }
}

impl From<TrustError> for WalletError {
    fn from(error: TrustError) -> Self {
        PackError::from(error).into()
    }
}

fn of_json(error: &JsonError) -> ErrorKind {
    match error {
        JsonError::Budget(_) => ErrorKind::TooLarge,
        _ => ErrorKind::Malformed,
    }
}

fn of_jws(error: &JwsError) -> ErrorKind {
    match error {
        JwsError::Json(error) => of_json(error),
        JwsError::UnsupportedAlgorithm => ErrorKind::Unsupported,
        _ => ErrorKind::Malformed,
    }
}

impl fmt::Display for WalletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Failed { code, reason, .. } = self;
        write!(f, "{reason} ({code})")
    }
}

impl std::error::Error for WalletError {}
