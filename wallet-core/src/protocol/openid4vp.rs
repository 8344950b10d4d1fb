//! OpenID for Verifiable Presentations 1.0: the wire types of both sides, without behaviour.
//!
//! [`RequestLink`] is what a QR code or link holds, [`RequestObject`] what the signed request inside says,
//! [`Response`] what goes back. Parsing checks what one message alone can show; who may ask, and whether an
//! answer fits its request, is decided by the holder's flow and the verifier.

mod client_id;
mod dc_api;
mod error;
mod link;
mod metadata;
mod request;
mod response;

pub use client_id::{ClientId, ClientIdPrefix};
pub use dc_api::{DcApiProtocol, DcApiRequest, origin_audience};
pub use error::{ErrorCode, RequestError, ResponseError};
pub use link::{LINK_SCHEMES, RequestLink, RequestMethod, RequestSource};
pub use metadata::{ClientMetadata, EncryptionKey, SupportedFormat, wallet_metadata};
pub use request::{RequestObject, ResponseMode, ResponseType};
pub use response::{DirectPostReply, Response, ReturnLink, VpToken};

/// `typ` of a request object (OpenID4VP 1.0 §5).
pub const REQUEST_OBJECT_TYP: &str = "oauth-authz-req+jwt";
/// The media type of a request object.
pub const REQUEST_OBJECT_MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";
/// `aud` of a request object for a wallet that was not discovered (OpenID4VP 1.0 §5.8).
pub const STATIC_AUDIENCE: &str = "https://self-issued.me/v2";
/// The media type of requests and answers that are forms.
pub const FORM_MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

#[cfg(test)]
mod tests;
