//! Why the wallet refused.

use std::fmt;

use crate::crypto::Curve;
use crate::store::StoreError;
use crate::trust::Environment;

/// What went wrong in the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WalletError {
    /// A text that is neither a certificate in PEM nor a JWK nor a JWK set.
    BadAnchor,
    /// The copy was spent before, or is gone.
    CopyGone,
    /// Two copies of a batch are the same, or are bound to the same key (ARF `ISSU_35`, `ISSU_12b`).
    CopyRepeated,
    /// A credential without a type, or a batch without copies.
    Empty,
    /// The store holds something already.
    Exists,
    /// The key store refused.
    Keys(KeyStoreError),
    /// A newer release wrote the wallet.
    NewerVersion {
        /// The version of its layout.
        found: u32,
        /// The newest that this release knows.
        supported: u32,
    },
    /// All copies of a credential that may be shown once were shown.
    NoCopyLeft,
    /// The store holds no wallet.
    NotAWallet,
    /// There is no such anchor.
    NoSuchAnchor,
    /// There is no such entry in the history.
    NoSuchEntry,
    /// There is no such suspended flow.
    NoSuchFlow,
    /// There is no such holding.
    NoSuchHolding,
    /// The new copies are of another credential than those they are to replace.
    OtherCredential,
    /// The store refused.
    Store(StoreError),
    /// A record of this kind is not as this release writes it.
    Unreadable(&'static str),
    /// A credential of a test issuer for a production wallet, or the reverse (lessons S36).
    WrongEnvironment {
        /// What the wallet is for.
        wallet: Environment,
    },
}

impl WalletError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadAnchor => "wallet.bad_anchor",
            Self::CopyGone => "wallet.copy_gone",
            Self::CopyRepeated => "wallet.copy_repeated",
            Self::Empty => "wallet.empty",
            Self::Exists => "wallet.exists",
            Self::Keys(error) => error.code(),
            Self::NewerVersion { .. } => "wallet.newer_version",
            Self::NoCopyLeft => "wallet.no_copy_left",
            Self::NotAWallet => "wallet.not_a_wallet",
            Self::NoSuchAnchor => "wallet.no_such_anchor",
            Self::NoSuchEntry => "wallet.no_such_entry",
            Self::NoSuchFlow => "wallet.no_such_flow",
            Self::NoSuchHolding => "wallet.no_such_holding",
            Self::OtherCredential => "wallet.other_credential",
            Self::Store(error) => error.code(),
            Self::Unreadable(_) => "wallet.unreadable",
            Self::WrongEnvironment { .. } => "wallet.wrong_environment",
        }
    }
}

impl From<StoreError> for WalletError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<KeyStoreError> for WalletError {
    fn from(error: KeyStoreError) -> Self {
        Self::Keys(error)
    }
}

impl fmt::Display for WalletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadAnchor => f.write_str("neither a certificate in PEM nor a JWK or JWK set"),
            Self::CopyGone => f.write_str("the copy was shown before, or is gone"),
            Self::CopyRepeated => f.write_str("two copies are the same or are bound to the same key"),
            Self::Empty => f.write_str("a credential needs a type and at least one copy"),
            Self::Exists => f.write_str("the store holds something already"),
            Self::Keys(error) => error.fmt(f),
            Self::NewerVersion { found, supported } => {
                write!(
                    f,
                    "written by a newer release: version {found}, this one knows {supported}"
                )
            }
            Self::NoCopyLeft => f.write_str("all copies were shown, and each may be shown once"),
            Self::NotAWallet => f.write_str("the store holds no wallet"),
            Self::NoSuchAnchor => f.write_str("there is no such trust anchor"),
            Self::NoSuchEntry => f.write_str("there is no such entry in the history"),
            Self::NoSuchFlow => f.write_str("there is no such suspended flow"),
            Self::NoSuchHolding => f.write_str("there is no such credential"),
            Self::OtherCredential => f.write_str("the new copies are of another type or format"),
            Self::Store(error) => error.fmt(f),
            Self::Unreadable(kind) => write!(f, "a record of kind `{kind}` cannot be read"),
            Self::WrongEnvironment { wallet } => {
                write!(f, "the wallet is for {} only", wallet.name())
            }
        }
    }
}

impl std::error::Error for WalletError {}

/// What went wrong in a key store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The key store cannot be reached now.
    Unavailable,
    /// There is no such key, or it was destroyed.
    UnknownKey,
    /// The key store makes no keys on this curve.
    UnsupportedCurve(Curve),
    /// The user did not confirm.
    UserRefused,
    /// The sealed store refused.
    Store(StoreError),
    /// More keys at once than a key store makes, or none.
    TooMany {
        /// How many were asked for.
        required: usize,
        /// How many are made at once.
        allowed: usize,
    },
    /// The key under this name is another one than the request says.
    WrongKey,
}

impl KeyStoreError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable => "keys.unavailable",
            Self::UnknownKey => "keys.unknown_key",
            Self::UnsupportedCurve(_) => "keys.unsupported_curve",
            Self::UserRefused => "keys.user_refused",
            Self::Store(error) => error.code(),
            Self::TooMany { .. } => "keys.too_many",
            Self::WrongKey => "keys.wrong_key",
        }
    }
}

impl From<StoreError> for KeyStoreError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the key store cannot be reached"),
            Self::UnknownKey => f.write_str("there is no such key, or it was destroyed"),
            Self::UnsupportedCurve(curve) => write!(f, "the key store makes no keys on {curve:?}"),
            Self::UserRefused => f.write_str("the use of the key was not confirmed"),
            Self::Store(error) => error.fmt(f),
            Self::TooMany { required, allowed } => {
                write!(f, "{required} keys were asked for, 1 to {allowed} are made at once")
            }
            Self::WrongKey => f.write_str("the key under this name is another one"),
        }
    }
}

impl std::error::Error for KeyStoreError {}
