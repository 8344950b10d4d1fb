//! Why the authority does not do what the office asks.

use std::fmt;

use super::StateError;
use super::eid::EidError;
use crate::credential::mdoc::MdocError;
use crate::credential::sd_jwt::SdJwtError;
use crate::rulebook::MappingError;
use crate::rulebook::pid::PidError;
use crate::rulebook::xschule::XSchuleError;
use crate::status::StatusError;
use crate::trust::CertificateError;

/// Why the authority does not do what the office asks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum IssuerError {
    /// The signer's certificate is not usable.
    Certificate(CertificateError),
    /// The document signer is of another country than the document.
    Country,
    /// A card's data make no PID.
    Eid(EidError),
    /// No certificate, or one of another key.
    KeyDoesNotFit,
    /// A value that an mdoc cannot say.
    Mapping(MappingError),
    /// The elements do not make an mdoc.
    Mdoc(MdocError),
    /// The offer is not open.
    NotOpen,
    /// Revoked for ever.
    Revoked,
    /// The claims do not make a credential.
    Credential(SdJwtError),
    /// The claims do not make a PID.
    Pid(PidError),
    /// The message does not make a credential.
    Report(Box<XSchuleError>),
    /// The state does not answer.
    State(StateError),
    /// The status list cannot be made.
    Status(StatusError),
    /// No record of this id.
    UnknownRecord,
    /// A type that this authority does not issue.
    UnknownType,
    /// The type does not exist in this format.
    UnsupportedFormat,
}

impl IssuerError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(error) => error.code(),
            Self::Country => "issuer.country",
            Self::Eid(error) => error.code(),
            Self::KeyDoesNotFit => "issuer.key_does_not_fit",
            Self::Mapping(error) => error.code(),
            Self::Mdoc(error) => error.code(),
            Self::NotOpen => "issuer.not_open",
            Self::Revoked => "issuer.revoked",
            Self::Credential(error) => error.code(),
            Self::Pid(error) => error.code(),
            Self::Report(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Status(error) => error.code(),
            Self::UnknownRecord => "issuer.unknown_record",
            Self::UnknownType => "issuer.unknown_type",
            Self::UnsupportedFormat => "issuer.unsupported_format",
        }
    }
}

macro_rules! into_issuer_error {
    ($($from:ty, $error:ident => $variant:expr;)*) => {
        $(impl From<$from> for IssuerError { fn from($error: $from) -> Self { $variant } })*
    };
}
into_issuer_error! {
    CertificateError, error => Self::Certificate(error);
    EidError, error => Self::Eid(error);
    MappingError, error => Self::Mapping(error);
    MdocError, error => Self::Mdoc(error);
    PidError, error => Self::Pid(error);
    SdJwtError, error => Self::Credential(error);
    StateError, error => Self::State(error);
    StatusError, error => Self::Status(error);
    XSchuleError, error => Self::Report(Box::new(error));
}

impl fmt::Display for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => error.fmt(f),
            Self::Country => f.write_str("the document signer is of another country than the document"),
            Self::Eid(error) => error.fmt(f),
            Self::Mapping(error) => error.fmt(f),
            Self::Mdoc(error) => error.fmt(f),
            Self::Pid(error) => error.fmt(f),
            Self::KeyDoesNotFit => f.write_str("the first certificate is not that of the signing key"),
            Self::NotOpen => f.write_str("the offer is no longer open"),
            Self::Revoked => f.write_str("the credential is revoked for ever"),
            Self::Credential(error) => error.fmt(f),
            Self::Report(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Status(error) => error.fmt(f),
            Self::UnknownRecord => f.write_str("there is no such record"),
            Self::UnknownType => f.write_str("the type is not one that this authority issues"),
            Self::UnsupportedFormat => f.write_str("the type does not exist in this format"),
        }
    }
}

impl std::error::Error for IssuerError {}
