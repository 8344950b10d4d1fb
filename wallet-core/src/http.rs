//! HTTP as values. There is no client and no server here: flows produce [`HttpRequest`]s and take
//! [`HttpResponse`]s, the issuing and verifying endpoints do the reverse, and the caller moves the bytes.

mod form;
mod message;
mod url;

pub use form::{FormError, decode_form, encode_form, percent_decode, percent_encode};
pub use message::{Headers, HttpRequest, HttpResponse, Method};
pub use url::{HttpsUrl, LinkPolicy, UrlError};
