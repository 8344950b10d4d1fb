//! Why an issuance stops, by who must act.

use std::fmt;

use crate::credential::CredentialError;
use crate::envelope::jwe::JweError;
use crate::envelope::jws::JwsError;
use crate::protocol::oauth::OAuthError;
use crate::protocol::openid4vci::{MessageError, MetadataError, OfferError, TxCodeError};
use crate::trust::TrustError;

/// Why an issuance stops.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuanceError {
    /// The issuer said no.
    Denied(Denial),
    /// The offer is no offer.
    Malformed(OfferError),
    /// The caller used a step wrongly.
    Misuse(Misuse),
    /// The issuer broke the protocol.
    PeerMisbehaved(PeerMisbehaved),
    /// The wallet refuses what arrived.
    Refused(Rejection),
    /// The issuer cannot answer now.
    Unavailable {
        /// The status of its answer.
        status: u16,
    },
    /// Something that this wallet does not speak.
    Unsupported(Unsupported),
}

/// Why the issuer said no.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// `invalid_client`: the issuer serves wallets it knows only.
    Client,
    /// `credential_request_denied`: final.
    Credential,
    /// `invalid_grant` where a transaction code was sent: wrong code, or the offer is used up or expired.
    Code,
    /// `invalid_grant`: the offer is used up or expired.
    Offer,
    /// Another error code.
    Other {
        /// The code, as the issuer wrote it.
        error: String,
    },
    /// `invalid_proof` or `invalid_nonce`, also after another try.
    Proof,
    /// `invalid_token`, or the token expired while the wallet waited.
    Token,
    /// `invalid_transaction_id`: what was deferred is gone.
    Transaction,
}

/// What the caller did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A signature that is not that of the key.
    BadSignature,
    /// Another number of keys or signatures than asked for.
    Count {
        /// How many came.
        given: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// A key that is not of the kind asked for.
    KeyKind,
    /// A key given twice.
    KeyRepeated,
    /// Bytes that are no suspended step.
    NotAStep,
    /// The issuance is over.
    Over,
    /// A transaction code where none is wanted, or none where one is.
    TxCode,
    /// A transaction code of another form than announced; the user can try again.
    TxCodeForm(TxCodeError),
}

/// How the issuer broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// The authorization server of the offer is none of the issuer.
    AuthorizationServer,
    /// The answer is deferred, but there is no deferred endpoint.
    DeferredEndpointMissing,
    /// Encrypted where plain was asked for, or the reverse.
    Encryption,
    /// The encrypted answer does not open.
    Envelope(JweError),
    /// The authorization server does not serve the grant of the offer.
    Grant,
    /// A message of an endpoint.
    Message(MessageError),
    /// The issuer's metadata.
    Metadata(MetadataError),
    /// An OAuth message or metadata.
    OAuth(OAuthError),
    /// The offer that the link led to.
    Offer(OfferError),
    /// A redirect, which is never followed.
    Redirect,
    /// Signed metadata whose signature or signer is not good.
    SignedMetadata(JwsError),
    /// An unexpected status.
    Status {
        /// The status.
        status: u16,
    },
    /// A configuration that the offer names and the metadata does not.
    UnknownConfiguration,
}

/// Why the wallet refuses what arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// A copy does not verify.
    Credential(CredentialError),
    /// Copies that do not hold the same values, times or issuer.
    CopiesDiffer,
    /// Something repeats that would link the copies.
    CopiesLinked {
        /// What repeats.
        what: &'static str,
    },
    /// A copy that is bound to a key of somebody else, or to none.
    KeyNotOurs,
    /// The signer of the metadata is not trusted.
    Metadata(TrustError),
    /// More copies than keys.
    TooManyCopies {
        /// How many came.
        count: usize,
        /// How many keys were offered.
        keys: usize,
    },
    /// A type that was not offered.
    WrongType,
}

/// What this wallet does not speak.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// The offer needs a log-in at the issuer (authorization code).
    AuthorizationCode,
    /// No way of key binding in common.
    Binding,
    /// No way to encrypt in common.
    Encryption,
    /// No credential in a format that the wallet holds.
    Format,
    /// The issuer demands an attested key store.
    KeyAttestation,
    /// The offer has no grant.
    NoGrant,
    /// No signature algorithm in common.
    ProofAlgorithm,
}

impl IssuanceError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(denial) => match denial {
                Denial::Client => "issuance.denied.client",
                Denial::Credential => "issuance.denied.credential",
                Denial::Code => "issuance.denied.code",
                Denial::Offer => "issuance.denied.offer",
                Denial::Other { .. } => "issuance.denied.other",
                Denial::Proof => "issuance.denied.proof",
                Denial::Token => "issuance.denied.token",
                Denial::Transaction => "issuance.denied.transaction",
            },
            Self::Malformed(error) => error.code(),
            Self::Misuse(misuse) => match misuse {
                Misuse::BadSignature => "issuance.misuse.bad_signature",
                Misuse::Count { .. } => "issuance.misuse.count",
                Misuse::KeyKind => "issuance.misuse.key_kind",
                Misuse::KeyRepeated => "issuance.misuse.key_repeated",
                Misuse::NotAStep => "issuance.misuse.not_a_step",
                Misuse::Over => "issuance.misuse.over",
                Misuse::TxCode => "issuance.misuse.tx_code",
                Misuse::TxCodeForm(error) => error.code(),
            },
            Self::PeerMisbehaved(fault) => match fault {
                PeerMisbehaved::AuthorizationServer => "issuance.peer.authorization_server",
                PeerMisbehaved::DeferredEndpointMissing => "issuance.peer.deferred_endpoint_missing",
                PeerMisbehaved::Encryption => "issuance.peer.encryption",
                PeerMisbehaved::Envelope(error) => error.code(),
                PeerMisbehaved::Grant => "issuance.peer.grant",
                PeerMisbehaved::Message(error) => error.code(),
                PeerMisbehaved::Metadata(error) => error.code(),
                PeerMisbehaved::OAuth(error) => error.code(),
                PeerMisbehaved::Offer(error) => error.code(),
                PeerMisbehaved::Redirect => "issuance.peer.redirect",
                PeerMisbehaved::SignedMetadata(error) => error.code(),
                PeerMisbehaved::Status { .. } => "issuance.peer.status",
                PeerMisbehaved::UnknownConfiguration => "issuance.peer.unknown_configuration",
            },
            Self::Refused(rejection) => match rejection {
                Rejection::Credential(error) => error.code(),
                Rejection::CopiesDiffer => "issuance.refused.copies_differ",
                Rejection::CopiesLinked { .. } => "issuance.refused.copies_linked",
                Rejection::KeyNotOurs => "issuance.refused.key_not_ours",
                Rejection::Metadata(error) => error.code(),
                Rejection::TooManyCopies { .. } => "issuance.refused.too_many_copies",
                Rejection::WrongType => "issuance.refused.wrong_type",
            },
            Self::Unavailable { .. } => "issuance.unavailable",
            Self::Unsupported(what) => match what {
                Unsupported::AuthorizationCode => "issuance.unsupported.authorization_code",
                Unsupported::Binding => "issuance.unsupported.binding",
                Unsupported::Encryption => "issuance.unsupported.encryption",
                Unsupported::Format => "issuance.unsupported.format",
                Unsupported::KeyAttestation => "issuance.unsupported.key_attestation",
                Unsupported::NoGrant => "issuance.unsupported.no_grant",
                Unsupported::ProofAlgorithm => "issuance.unsupported.proof_algorithm",
            },
        }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Denied(Denial::Code) => {
                "check the transaction code; after too many wrong codes, or if it was used before, ask the issuer for a new offer"
            }
            Self::Denied(Denial::Client) | Self::Unsupported(Unsupported::KeyAttestation) => {
                "the issuer serves certified wallets only; ask it which ones"
            }
            Self::Denied(Denial::Credential) => "ask the issuer why it does not issue the credential",
            Self::Denied(_) => "ask the issuer for a new offer",
            // Whoever collects an offer twice, or late, finds nothing at its link.
            Self::PeerMisbehaved(PeerMisbehaved::Status { status: 404 | 410 }) => {
                "the offer may be used up or expired; ask the issuer for a new one"
            }
            Self::Malformed(_) => "scan the code again, or ask the issuer for a new link",
            Self::Misuse(Misuse::TxCodeForm(_) | Misuse::TxCode) => {
                "enter the transaction code that the issuer sent you"
            }
            Self::Misuse(_) => "start again; if it happens again, report it to the maker of this wallet",
            Self::Refused(Rejection::Credential(_) | Rejection::Metadata(_)) => {
                "nothing was stored; if you know this issuer, add its certificate to the trusted issuers"
            }
            Self::PeerMisbehaved(_) | Self::Refused(_) => "nothing was stored; report it to the issuer",
            Self::Unavailable { .. } => "try again later",
            Self::Unsupported(Unsupported::AuthorizationCode) => {
                "ask the issuer for an offer with a pre-authorized code, as a QR code with a transaction code"
            }
            Self::Unsupported(_) => "ask the issuer for the credential in another form",
        }
    }
}

macro_rules! into_issuance_error {
    ($($from:ty, $error:ident => $variant:expr;)*) => {
        $(impl From<$from> for IssuanceError { fn from($error: $from) -> Self { $variant } })*
    };
}
into_issuance_error! {
    Denial, denial => Self::Denied(denial);
    Misuse, misuse => Self::Misuse(misuse);
    PeerMisbehaved, fault => Self::PeerMisbehaved(fault);
    Rejection, rejection => Self::Refused(rejection);
    Unsupported, what => Self::Unsupported(what);
    OfferError, error => Self::Malformed(error);
    MetadataError, error => Self::PeerMisbehaved(PeerMisbehaved::Metadata(error));
    MessageError, error => Self::PeerMisbehaved(PeerMisbehaved::Message(error));
    OAuthError, error => Self::PeerMisbehaved(PeerMisbehaved::OAuth(error));
    JweError, error => Self::PeerMisbehaved(PeerMisbehaved::Envelope(error));
}

impl fmt::Display for IssuanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => denial.fmt(f),
            Self::Malformed(error) => write!(f, "not a usable offer: {error}"),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::PeerMisbehaved(fault) => fault.fmt(f),
            Self::Refused(rejection) => rejection.fmt(f),
            Self::Unavailable { status } => write!(f, "the issuer cannot answer now (HTTP {status})"),
            Self::Unsupported(what) => what.fmt(f),
        }
    }
}

impl std::error::Error for IssuanceError {}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("the issuer does not serve this wallet"),
            Self::Credential => f.write_str("the issuer denied the credential"),
            Self::Code => f.write_str("the transaction code is wrong, or the offer is used up or expired"),
            Self::Offer => f.write_str("the offer is used up or expired"),
            Self::Other { error } => write!(f, "the issuer answered with the error `{error}`"),
            Self::Proof => f.write_str("the issuer did not accept the proof of the keys"),
            Self::Token => f.write_str("the permission to collect the credential has expired"),
            Self::Transaction => f.write_str("the issuer no longer knows the credential that was deferred"),
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadSignature => f.write_str("a signature is not that of its key"),
            Self::Count { given, wanted } => write!(f, "{given} keys or signatures given, {wanted} wanted"),
            Self::KeyKind => f.write_str("a key is not of the kind asked for"),
            Self::KeyRepeated => f.write_str("a key is given twice"),
            Self::NotAStep => f.write_str("not a suspended issuance"),
            Self::Over => f.write_str("the issuance is over"),
            Self::TxCode => f.write_str("a transaction code is given where none is wanted, or the reverse"),
            Self::TxCodeForm(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for PeerMisbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthorizationServer => f.write_str("the authorization server of the offer is none of the issuer"),
            Self::DeferredEndpointMissing => {
                f.write_str("the credential is deferred, but there is nowhere to collect it")
            }
            Self::Encryption => f.write_str("the answer is not encrypted as agreed"),
            Self::Envelope(error) => write!(f, "encrypted answer: {error}"),
            Self::Grant => f.write_str("the authorization server does not serve the grant of the offer"),
            Self::Message(error) => write!(f, "answer of the issuer: {error}"),
            Self::Metadata(error) => write!(f, "metadata of the issuer: {error}"),
            Self::OAuth(error) => write!(f, "authorization server: {error}"),
            Self::Offer(error) => write!(f, "offer behind the link: {error}"),
            Self::Redirect => f.write_str("the issuer redirects, which is not followed"),
            Self::SignedMetadata(error) => write!(f, "signed metadata of the issuer: {error}"),
            Self::Status { status } => write!(f, "unexpected HTTP status {status}"),
            Self::UnknownConfiguration => f.write_str("the offer names a credential that the issuer does not list"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(error) => write!(f, "the credential is refused: {error}"),
            Self::CopiesDiffer => f.write_str("the copies of the credential do not agree"),
            Self::CopiesLinked { what } => write!(f, "the copies could be linked: {what} repeats"),
            Self::KeyNotOurs => f.write_str("a copy is not bound to a key of this wallet"),
            Self::Metadata(error) => write!(f, "signer of the issuer's metadata: {error}"),
            Self::TooManyCopies { count, keys } => write!(f, "{count} copies for {keys} keys"),
            Self::WrongType => f.write_str("the credential is of another type than offered"),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthorizationCode => "the offer needs a log-in at the issuer, which is not supported",
            Self::Binding => "the credential cannot be bound to a key of this wallet",
            Self::Encryption => "the issuer demands an encryption that is not supported",
            Self::Format => "the offer holds no credential in a format that is supported (dc+sd-jwt is)",
            Self::KeyAttestation => "the issuer demands an attested key store, which this wallet has not",
            Self::NoGrant => "the offer does not say how to collect the credential",
            Self::ProofAlgorithm => "no signature algorithm in common with the issuer",
        })
    }
}
