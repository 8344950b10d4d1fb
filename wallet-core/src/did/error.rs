//! What can be wrong with an identifier or its document.

use std::fmt;

use super::Relationship;
use crate::codec::JsonError;
use crate::http::UrlError;
use crate::keys::{KeyError, MultikeyError};
use crate::time::Timestamp;

/// An identifier, document or key that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DidError {
    /// A member of the document is missing or does not hold what it should.
    DocumentMember(&'static str),
    /// The key may no longer be used.
    Expired {
        /// When it ended.
        expired: Timestamp,
    },
    /// The document is not JSON.
    Json(JsonError),
    /// The JWK of the key.
    Jwk(KeyError),
    /// did:jwk without a JWK in base64url.
    JwkEncoding,
    /// did:jwk for another use than `sig` or `enc`.
    JwkUse,
    /// The Multikey of the key.
    Key(MultikeyError),
    /// The key is not of the kind that the type of its method names.
    KeyOfOtherType,
    /// A member of a verification method is missing or does not hold what it should.
    MethodMember(&'static str),
    /// The document has no such verification method.
    MethodNotFound,
    /// The document has two verification methods of one name.
    MethodTwice,
    /// A private key in a public document: it is leaked.
    PrivateKey,
    /// The key was taken back.
    Revoked {
        /// When.
        revoked: Timestamp,
    },
    /// Not a decentralised identifier, or not a URL of one.
    Syntax,
    /// Longer than any honest identifier.
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// More entries than any honest document.
    TooManyEntries {
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A verification method has its key in two forms.
    TwoKeys,
    /// Signatures by keys of this kind are not checked here.
    UnsupportedKey,
    /// Identifiers of this method are not resolved here.
    UnsupportedMethod,
    /// did:web with an IP address, or a name that is no public one.
    WebHost,
    /// did:web whose address may not be fetched.
    WebLink(UrlError),
    /// did:web with a path that leads elsewhere.
    WebPath,
    /// did:web with something else encoded than the colon of a port.
    WebPort,
    /// The server sends us elsewhere.
    WebRedirect,
    /// The server does not give the document.
    WebStatus {
        /// The HTTP status.
        status: u16,
    },
    /// The document has more bytes than any honest one.
    WebTooLarge {
        /// How many it has.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The key is controlled by somebody else than whose document it is.
    WrongController,
    /// The document or the key is that of another identifier.
    WrongDocument,
    /// The document does not let the key be used for this.
    WrongRelationship {
        /// What it was to be used for.
        relationship: Relationship,
    },
}

impl DidError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DocumentMember(_) => "did.document_malformed",
            Self::Expired { .. } => "did.key_expired",
            Self::Json(error) => error.code(),
            Self::Jwk(KeyError::UnsupportedType) | Self::UnsupportedKey => "did.unsupported_key",
            Self::Jwk(_) => "did.jwk",
            Self::JwkEncoding => "did.jwk_encoding",
            Self::JwkUse => "did.jwk_use",
            Self::Key(MultikeyError::Unsupported { .. }) => "did.unsupported_key",
            Self::Key(error) => error.code(),
            Self::KeyOfOtherType => "did.key_of_other_type",
            Self::MethodMember(_) => "did.method_malformed",
            Self::MethodNotFound => "did.method_not_found",
            Self::MethodTwice => "did.method_twice",
            Self::PrivateKey => "did.private_key",
            Self::Revoked { .. } => "did.key_revoked",
            Self::Syntax => "did.syntax",
            Self::TooLong { .. } => "did.too_long",
            Self::TooManyEntries { .. } => "did.too_many_entries",
            Self::TwoKeys => "did.two_keys",
            Self::UnsupportedMethod => "did.unsupported_method",
            Self::WebHost => "did.web_host",
            Self::WebLink(error) => error.code(),
            Self::WebPath => "did.web_path",
            Self::WebPort => "did.web_port",
            Self::WebRedirect => "did.web_redirect",
            Self::WebStatus { .. } => "did.web_status",
            Self::WebTooLarge { .. } => "did.web_too_large",
            Self::WrongController => "did.wrong_controller",
            Self::WrongDocument => "did.wrong_document",
            Self::WrongRelationship { .. } => "did.wrong_relationship",
        }
    }
}

impl fmt::Display for DidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DocumentMember(name) => write!(f, "member `{name}` of the DID document is not as it should be"),
            Self::Expired { expired } => write!(f, "the key expired at {expired}"),
            Self::Json(error) => write!(f, "DID document: {error}"),
            Self::Jwk(error) => write!(f, "key of the DID: {error}"),
            Self::JwkEncoding => f.write_str("did:jwk does not hold a JWK in base64url"),
            Self::JwkUse => f.write_str("the JWK of the DID has a use that is not known"),
            Self::Key(error) => write!(f, "key of the DID: {error}"),
            Self::KeyOfOtherType => f.write_str("the key is not of the kind that the type of its method names"),
            Self::MethodMember(name) => write!(f, "member `{name}` of the verification method is not as it should be"),
            Self::MethodNotFound => f.write_str("the DID document has no such verification method"),
            Self::MethodTwice => f.write_str("the DID document has two verification methods of one name"),
            Self::PrivateKey => f.write_str("a private key is published with the DID"),
            Self::Revoked { revoked } => write!(f, "the key was revoked at {revoked}"),
            Self::Syntax => f.write_str("text is not a decentralised identifier"),
            Self::TooLong { length, limit } => {
                write!(
                    f,
                    "decentralised identifier has {length} characters, {limit} are allowed"
                )
            }
            Self::TooManyEntries { count, limit } => {
                write!(f, "DID document has {count} entries in a list, {limit} are allowed")
            }
            Self::TwoKeys => f.write_str("the verification method has its key in two forms"),
            Self::UnsupportedKey => f.write_str("signatures by keys of this kind are not supported"),
            Self::UnsupportedMethod => f.write_str("decentralised identifiers of this method are not supported"),
            Self::WebHost => f.write_str("did:web names no public host"),
            Self::WebLink(error) => write!(f, "address of the DID document: {error}"),
            Self::WebPath => f.write_str("did:web has a path that leads elsewhere"),
            Self::WebPort => f.write_str("did:web encodes something else than the colon of a port"),
            Self::WebRedirect => f.write_str("the server of the DID document sends elsewhere"),
            Self::WebStatus { status } => write!(f, "the server answers {status} instead of the DID document"),
            Self::WebTooLarge { length, limit } => {
                write!(f, "the DID document has {length} bytes, {limit} are allowed")
            }
            Self::WrongController => f.write_str("the key is controlled by another than whose document it is in"),
            Self::WrongDocument => f.write_str("the DID document or the key is that of another identifier"),
            Self::WrongRelationship { relationship } => {
                write!(
                    f,
                    "the DID document does not list the key under {}",
                    relationship.name()
                )
            }
        }
    }
}

impl std::error::Error for DidError {}
