//! did:web: the document lies on a web server (did:web method).
//!
//! What it proves is what DNS and TLS prove, at the time it was fetched: pin or list such identifiers, and keep the time.
//! The client follows no redirect, as everywhere here; an answer that is one is refused, so that no document comes from
//! another host than the one that the identifier names.

use super::{Did, DidDocument, DidError};
use crate::codec::{Budget, Json};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};

/// Real documents have a few thousand bytes; a hundred keys of the largest kind have far less than this.
const MOST_BYTES: usize = 256 << 10;

/// Where the document of an identifier is: HTTPS, or HTTP to `localhost` under [`LinkPolicy::LoopbackHttp`].
pub fn url(did: &Did, policy: LinkPolicy) -> Result<HttpsUrl, DidError> {
    if did.method() != "web" {
        return Err(DidError::UnsupportedMethod);
    }
    let mut segments = did.specific_id().split(':');
    let authority = segments.next().unwrap_or_default();
    // The only thing to encode in front is the colon of a port.
    let (host, port) = match authority.split_once('%') {
        None => (authority, None),
        Some((host, encoded)) => {
            let port = encoded.strip_prefix("3A").or_else(|| encoded.strip_prefix("3a"));
            let port = port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
            (host, Some(port.ok_or(DidError::WebPort)?))
        }
    };
    let local = policy == LinkPolicy::LoopbackHttp && (host == "localhost" || host.ends_with(".localhost"));
    // A last label that is numeric is an address in some client's eyes, and a name without a dot is one of a network
    // that strangers have no business in.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.is_empty() || last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    if numeric || !(local || host.contains('.')) {
        return Err(DidError::WebHost);
    }
    let mut text = format!("{}://{host}", if local { "http" } else { "https" });
    if let Some(port) = port {
        text.push(':');
        text.push_str(port);
    }
    let mut path = String::new();
    for segment in segments {
        // Dots and slashes, encoded or not, would lead out of the path that the identifier names.
        let lower = segment.to_ascii_lowercase();
        if segment.is_empty()
            || matches!(segment, "." | "..")
            || ["%2f", "%5c", "%2e", "%25", "%00"]
                .iter()
                .any(|encoded| lower.contains(encoded))
        {
            return Err(DidError::WebPath);
        }
        path.push('/');
        path.push_str(segment);
    }
    if path.is_empty() {
        path.push_str("/.well-known");
    }
    HttpsUrl::parse(&format!("{text}{path}/did.json"), policy).map_err(DidError::WebLink)
}

/// The request for the document.
pub fn request(did: &Did, policy: LinkPolicy) -> Result<HttpRequest, DidError> {
    let accept = "application/did+json, application/did+ld+json, application/json";
    Ok(HttpRequest::get(url(did, policy)?, accept))
}

/// Reads the answer: a document of at most 256 KiB whose `id` is the identifier.
pub fn read(did: &Did, response: &HttpResponse) -> Result<DidDocument, DidError> {
    if did.method() != "web" {
        return Err(DidError::UnsupportedMethod);
    }
    match response.status() {
        200 => {}
        300..=399 => return Err(DidError::WebRedirect),
        status => return Err(DidError::WebStatus { status }),
    }
    if response.body().len() > MOST_BYTES {
        return Err(DidError::WebTooLarge {
            length: response.body().len(),
            limit: MOST_BYTES,
        });
    }
    let document = Json::parse(response.body(), &mut Budget::default()).map_err(DidError::Json)?;
    DidDocument::parse(&document, did.as_str())
}
