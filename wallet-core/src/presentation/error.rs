//! Why a presentation ends before its end, by who must act.

use std::fmt;

use crate::codec::JsonError;
use crate::credential::CredentialError;
use crate::envelope::jwe::JweError;
use crate::envelope::jws::JwsError;
use crate::http::UrlError;
use crate::protocol::dcql::QueryError;
use crate::protocol::openid4vp::{ClientIdPrefix, ErrorCode, RequestError};
use crate::time::OutsideValidity;
use crate::trust::TrustError;

/// A presentation that does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresentationError {
    /// What arrived does not parse.
    Malformed(Malformed),
    /// The caller did what a flow does not allow.
    Misuse(Misuse),
    /// The verifier broke a rule of the protocol.
    PeerMisbehaved(PeerMisbehaved),
    /// The wallet does not go along, to protect the citizen.
    Refused(Refused),
    /// The verifier asks for something that is allowed but not supported here.
    Unsupported(Unsupported),
}

/// What arrived does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// The query is not valid DCQL.
    Query(QueryError),
    /// The link or the claims of the request.
    Request(RequestError),
    /// The signed request is no JWS of a known kind.
    RequestObject(JwsError),
    /// The bytes are not a suspended presentation.
    State(JsonError),
}

/// The caller did what a flow does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// The choice leaves a required query open, or answers one that nothing asks for.
    ChoiceDoesNotAnswer,
    /// The choice names a query or credential that the consent does not offer, or too many for one query.
    ChoiceNotOffered,
    /// The holding changed since the consent: what would leave is not what was agreed to.
    ConsentOutdated,
    /// The credential could not be presented.
    Credential(CredentialError),
    /// The answer could not be encrypted.
    Encryption(JweError),
    /// A bound credential has no key in the holding.
    KeyMissing,
    /// A request through the Digital Credentials API without the origin of who asks.
    OriginMissing,
    /// A signature is not that of the credential's key.
    SignatureDoesNotFit,
    /// Not as many signatures as were asked for.
    SignatureCount {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        given: usize,
    },
}

/// The verifier broke a rule of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// The reply to the answer is not what it should be. The answer has left.
    BadReply,
    /// The signed request names another client than the link.
    ClientIdsDiffer,
    /// The signed request was made for another page than the one that hands it over.
    ForeignOrigin,
    /// The answer would go to another host than the client identifier names.
    ForeignResponseUri,
    /// The request is expired or not yet valid.
    OutsideValidity(OutsideValidity),
    /// The request could not be fetched.
    RequestNotServed {
        /// The HTTP status.
        status: u16,
    },
    /// `typ` of the signed request is not `oauth-authz-req+jwt`.
    RequestObjectType,
    /// The verifier did not take the answer. It has left all the same.
    AnswerNotTaken {
        /// The HTTP status.
        status: u16,
    },
    /// A credential without holder binding is asked for without `state`.
    StateMissing,
    /// The nonce of the wallet did not come back.
    WalletNonceNotEchoed,
    /// The request was made for another wallet.
    WrongAudience,
}

/// The wallet does not go along, to protect the citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// A link that is not followed.
    Link(UrlError),
    /// The client identifier is not a name of the certificate that signed.
    NotTheCertificatesName,
    /// The signature of the request does not verify.
    Signature(JwsError),
    /// Nobody vouches for who asks: the request is unsigned, has no certificate, or a client identifier that
    /// authenticates nobody.
    Unauthenticated,
    /// The certificate leads to no anchor of relying parties.
    UntrustedParty(TrustError),
}

/// The verifier asks for something that is allowed but not supported here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A client identifier prefix other than `x509_hash` and `x509_san_dns`.
    ClientIdPrefix(ClientIdPrefix),
    /// A protocol of the Digital Credentials API other than those of OpenID4VP 1.0.
    DcApiProtocol,
    /// A feature of requests.
    Request(RequestError),
}

impl PresentationError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => match malformed {
                Malformed::Query(error) => error.code(),
                Malformed::Request(error) => error.code(),
                Malformed::RequestObject(error) => error.code(),
                Malformed::State(_) => "presentation.state",
            },
            Self::Misuse(misuse) => match misuse {
                Misuse::ChoiceDoesNotAnswer => "presentation.choice_does_not_answer",
                Misuse::ChoiceNotOffered => "presentation.choice_not_offered",
                Misuse::ConsentOutdated => "presentation.consent_outdated",
                Misuse::Credential(error) => error.code(),
                Misuse::Encryption(error) => error.code(),
                Misuse::KeyMissing => "presentation.key_missing",
                Misuse::OriginMissing => "presentation.origin_missing",
                Misuse::SignatureDoesNotFit => "presentation.signature_does_not_fit",
                Misuse::SignatureCount { .. } => "presentation.signature_count",
            },
            Self::PeerMisbehaved(misbehaved) => match misbehaved {
                PeerMisbehaved::AnswerNotTaken { .. } => "presentation.answer_not_taken",
                PeerMisbehaved::BadReply => "presentation.bad_reply",
                PeerMisbehaved::ClientIdsDiffer => "presentation.client_ids_differ",
                PeerMisbehaved::ForeignOrigin => "presentation.foreign_origin",
                PeerMisbehaved::ForeignResponseUri => "presentation.foreign_response_uri",
                PeerMisbehaved::OutsideValidity(OutsideValidity::Expired { .. }) => "presentation.request_expired",
                PeerMisbehaved::OutsideValidity(OutsideValidity::NotYetValid { .. }) => {
                    "presentation.request_not_yet_valid"
                }
                PeerMisbehaved::RequestNotServed { .. } => "presentation.request_not_served",
                PeerMisbehaved::RequestObjectType => "presentation.request_object_type",
                PeerMisbehaved::StateMissing => "presentation.state_missing",
                PeerMisbehaved::WalletNonceNotEchoed => "presentation.wallet_nonce_not_echoed",
                PeerMisbehaved::WrongAudience => "presentation.wrong_audience",
            },
            Self::Refused(refused) => match refused {
                Refused::Link(error) => error.code(),
                Refused::NotTheCertificatesName => "presentation.not_the_certificates_name",
                Refused::Signature(_) => "presentation.signature",
                Refused::Unauthenticated => "presentation.unauthenticated",
                Refused::UntrustedParty(error) => error.code(),
            },
            Self::Unsupported(unsupported) => match unsupported {
                Unsupported::ClientIdPrefix(_) => "presentation.client_id_prefix",
                Unsupported::DcApiProtocol => "presentation.dc_api_protocol",
                Unsupported::Request(error) => error.code(),
            },
        }
    }

    /// The code that OpenID4VP 1.0 §8.5 has for the fault of a request. Nothing is sent by itself: an error before
    /// the citizen decided would tell a stranger that there is a wallet.
    pub fn error_code(&self) -> Option<ErrorCode> {
        match self {
            Self::Malformed(Malformed::Request(error)) | Self::Unsupported(Unsupported::Request(error)) => {
                Some(error.error_code())
            }
            Self::Malformed(Malformed::Query(_) | Malformed::RequestObject(_))
            | Self::PeerMisbehaved(_)
            | Self::Unsupported(Unsupported::DcApiProtocol) => Some(ErrorCode::InvalidRequest),
            Self::Refused(_) | Self::Unsupported(Unsupported::ClientIdPrefix(_)) => Some(ErrorCode::InvalidClient),
            Self::Malformed(Malformed::State(_)) | Self::Misuse(_) => None,
        }
    }
}

macro_rules! outer {
    ($($inner:ident)*) => {
        $(impl From<$inner> for PresentationError {
            fn from(inner: $inner) -> Self {
                Self::$inner(inner)
            }
        })*
    };
}
outer!(Malformed Misuse PeerMisbehaved Refused Unsupported);

impl From<RequestError> for PresentationError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Unsigned => Refused::Unauthenticated.into(),
            RequestError::PresentationDefinition
            | RequestError::ResponseMode
            | RequestError::ResponseType
            | RequestError::Scope
            | RequestError::TransactionData
            | RequestError::UnsupportedEncryption => Unsupported::Request(error).into(),
            error => Malformed::Request(error).into(),
        }
    }
}

impl fmt::Display for PresentationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => match malformed {
                Malformed::Query(error) => write!(f, "the verifier's query: {error}"),
                Malformed::Request(error) => error.fmt(f),
                Malformed::RequestObject(error) => write!(f, "the signed request: {error}"),
                Malformed::State(error) => write!(f, "not a suspended presentation: {error}"),
            },
            Self::Misuse(misuse) => match misuse {
                Misuse::ChoiceDoesNotAnswer => f.write_str("the choice does not answer the request"),
                Misuse::ChoiceNotOffered => f.write_str("the choice is not among what was offered"),
                Misuse::ConsentOutdated => f.write_str("what would leave is no longer what was agreed to"),
                Misuse::Credential(error) => write!(f, "the credential cannot be presented: {error}"),
                Misuse::Encryption(error) => write!(f, "the answer cannot be encrypted: {error}"),
                Misuse::KeyMissing => f.write_str("the key of a credential is not in the holding"),
                Misuse::OriginMissing => f.write_str("the platform does not say which page asks"),
                Misuse::SignatureDoesNotFit => f.write_str("a signature is not that of the credential's key"),
                Misuse::SignatureCount { expected, given } => {
                    write!(f, "{expected} signatures were asked for, {given} given")
                }
            },
            Self::PeerMisbehaved(misbehaved) => match misbehaved {
                PeerMisbehaved::AnswerNotTaken { status } => {
                    write!(
                        f,
                        "the verifier did not take the answer (HTTP {status}); it was sent all the same"
                    )
                }
                PeerMisbehaved::BadReply => f.write_str("the verifier's reply makes no sense; the answer was sent"),
                PeerMisbehaved::ClientIdsDiffer => f.write_str("link and signed request name different verifiers"),
                PeerMisbehaved::ForeignOrigin => f.write_str("the request was made for another page"),
                PeerMisbehaved::ForeignResponseUri => {
                    f.write_str("the answer would go to another host than the verifier's name")
                }
                PeerMisbehaved::OutsideValidity(outside) => write!(f, "the request is {outside}"),
                PeerMisbehaved::RequestNotServed { status } => {
                    write!(f, "the request could not be fetched (HTTP {status})")
                }
                PeerMisbehaved::RequestObjectType => f.write_str("the signed request is not marked as one"),
                PeerMisbehaved::StateMissing => {
                    f.write_str("a credential without holder binding is asked for without `state`")
                }
                PeerMisbehaved::WalletNonceNotEchoed => f.write_str("the wallet's nonce did not come back"),
                PeerMisbehaved::WrongAudience => f.write_str("the request was made for another wallet"),
            },
            Self::Refused(refused) => match refused {
                Refused::Link(error) => error.fmt(f),
                Refused::NotTheCertificatesName => {
                    f.write_str("the verifier's name is not that of the certificate that signed")
                }
                Refused::Signature(error) => write!(f, "the signed request: {error}"),
                Refused::Unauthenticated => f.write_str("nobody vouches for who asks"),
                Refused::UntrustedParty(error) => write!(f, "the verifier is not trusted: {error}"),
            },
            Self::Unsupported(unsupported) => match unsupported {
                Unsupported::ClientIdPrefix(prefix) => write!(
                    f,
                    "client identifiers of the kind `{}` are not supported (x509_hash and x509_san_dns are)",
                    prefix.name()
                ),
                Unsupported::DcApiProtocol => f.write_str(
                    "the protocol of the request is not supported (openid4vp-v1-signed, -multisigned and -unsigned are)",
                ),
                Unsupported::Request(error) => error.fmt(f),
            },
        }
    }
}

impl std::error::Error for PresentationError {}
