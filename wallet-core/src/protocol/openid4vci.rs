//! `OpenID` for Verifiable Credential Issuance 1.0: offers, issuer metadata, and the messages of the endpoints.

mod message;
mod metadata;
mod offer;

pub use message::{
    CredentialRequest, CredentialResponse, DeferredRequest, MessageError, NotificationEvent, NotificationRequest,
    Requested, ResponseEncryption, nonce_response, parse_nonce_response,
};
pub use metadata::{
    ClaimDescription, CredentialConfiguration, CredentialMetadata, Display, Encryption, IssuerMetadata, MetadataError,
    ProofType, ReuseMethod, ReuseOption, ReusePolicy, SIGNED_METADATA_TYPE, WELL_KNOWN, best_display,
};
pub use offer::{CredentialOffer, InputMode, OfferError, OfferLink, PreAuthorizedGrant, TxCode, TxCodeError};

/// `typ` of a proof of possession (OpenID4VCI 1.0 §F.1).
pub const PROOF_TYPE: &str = "openid4vci-proof+jwt";
