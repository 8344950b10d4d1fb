//! SD-JWT (RFC 9901) and SD-JWT VC (draft-ietf-oauth-sd-jwt-vc).
//!
//! An SD-JWT is what its issuer signed, plus the disclosures that open some of its digests:
//! `JWT~D1~…~Dn~`, and after the last `~` the key binding JWT of a presentation.
//!
//! - Digests are taken over the text as received; nothing is encoded again.
//! - What is received is [`Unverified`]: it can be shown ([`Unverified::inspect`]) and verified, and no more.
//! - Whether key binding is required is said by [`VerifyOptions`] before anyone looks at what was sent.
//! - A digest that stands twice, a disclosure without digest, and any reserved name refuse the whole.
//!
//! Issuing starts from a [`Blueprint`], presenting from [`SdJwt::select`].

mod error;
mod inspect;
mod issue;
pub mod issuer_metadata;
mod parse;
mod present;
mod process;
pub mod type_metadata;
mod verify;

use std::fmt;
use std::sync::OnceLock;

use crate::codec::{Json, Object};
use crate::crypto::HashAlgorithm;
use crate::envelope::jws::Header;
use crate::keys::{KeyError, PublicKey};
use crate::time::Validity;

pub use error::SdJwtError;
pub use inspect::Inspection;
pub use issue::{Blueprint, Concealed};
pub use parse::JsonForm;
pub use present::{Presentation, Selection, UnboundPresentation};
pub use verify::{KeyBinding, KeyBindingRule, Kind, VerifyOptions};

use super::{ClaimPath, PathElement, PathError, StatusListReference, StatusReferenceError, Unverified, Verified};

/// The issuer's signed JWT with the disclosures that came with it.
///
/// One can only be reached through a state: what its accessors say is as true as that state.
#[derive(Clone)]
pub struct SdJwt {
    /// The compact form as received, a key binding JWT included.
    text: String,
    marks: Marks,
    header: Header,
    /// The processed payload; the signed payload alone where processing failed.
    claims: Json,
    hash: HashAlgorithm,
    validity: Validity,
    /// Read when it is first asked for: at rest nobody does, and checking the point takes time.
    holder_key: OnceLock<Option<Result<PublicKey, KeyError>>>,
    never_selective: Option<&'static str>,
    /// Why the disclosures could not be processed.
    fault: Option<SdJwtError>,
    /// How deep the budget let it nest.
    depth: usize,
}

/// Where the parts of the compact form begin.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Marks {
    payload: usize,
    signature: usize,
    disclosures: usize,
    key_binding: usize,
}

impl SdJwt {
    /// The processed payload: what was disclosed stands in its place, `_sd`, `...` and `_sd_alg` are gone
    /// (RFC 9901 §7.1).
    pub fn claims(&self) -> &Object {
        self.claims.as_object().expect("claims are an object")
    }

    /// [`SdJwt::claims`] as a JSON value, for claim paths.
    pub fn claims_json(&self) -> &Json {
        &self.claims
    }

    /// `vct`, the type; empty where an SD-JWT has none.
    pub fn vct(&self) -> &str {
        self.claims.get("vct").and_then(Json::as_str).unwrap_or_default()
    }

    /// `vct` and the further names of the type (`aka_vcts`).
    pub fn type_names(&self) -> Vec<&str> {
        let further = self.claims.get("aka_vcts").and_then(Json::as_array).unwrap_or_default();
        let vct = self.claims.get("vct").and_then(Json::as_str);
        vct.into_iter().chain(further.iter().filter_map(Json::as_str)).collect()
    }

    /// The key that the holder proves to have (`cnf.jwk`); `None` too where its kind is not supported.
    pub fn holder_key(&self) -> Option<&PublicKey> {
        self.confirmation_key()?.as_ref().ok()
    }

    /// `nbf` and `exp`.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The protected header of the issuer's signature.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The hash of the disclosures.
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// Where the status stands (`status.status_list`); `None` if the credential has no status.
    pub fn status_reference(&self) -> Result<Option<StatusListReference>, SdJwtError> {
        let reference = self.claims.get("status").map(StatusListReference::from_claim);
        reference.transpose().map_err(SdJwtError::Status)
    }

    /// The issuer-signed JWT and all its disclosures as received: `JWT~D1~…~Dn~`.
    pub fn to_compact(&self) -> String {
        self.unbound().to_owned()
    }

    /// The whole as received, key binding included.
    pub fn received(&self) -> &str {
        &self.text
    }

    /// The key binding JWT that came with it: only after verification is it more than text.
    pub fn key_binding(&self) -> Option<&str> {
        Some(&self.text[self.marks.key_binding..]).filter(|text| !text.is_empty())
    }

    /// The JSON serialisation of what was received (RFC 9901 §8).
    pub fn to_json(&self, form: JsonForm) -> Json {
        parse::to_json_form(&self.text, form)
    }

    /// The processed payload with undisclosed array elements left as `{"...": digest}`, so that an index counts
    /// them: for claim paths of Type Metadata (SD-JWT VC §4.6.1).
    pub fn claims_with_slots(&self) -> Json {
        self.reprocess(process::Slots::Keep, &mut ())
    }

    /// [`SdJwt::claims_with_slots`], and which places in it were selectively disclosable.
    fn with_slots(&self) -> (Json, Vec<ClaimPath>) {
        let mut places = process::Places::default();
        let claims = self.reprocess(process::Slots::Keep, &mut places);
        let paths = places.into_found().into_iter().map(|(_, path)| path);
        (claims, paths.collect())
    }

    /// `cnf.jwk` (RFC 7800 §3.2). Other members of `cnf` name keys that would have to be fetched: they are not.
    fn confirmation_key(&self) -> Option<&Result<PublicKey, KeyError>> {
        let read = || self.claims.get("cnf")?.get("jwk").map(PublicKey::from_jwk);
        self.holder_key.get_or_init(read).as_ref()
    }

    fn unbound(&self) -> &str {
        &self.text[..self.marks.key_binding]
    }

    fn jwt(&self) -> &str {
        &self.text[..self.marks.disclosures - 1]
    }

    fn disclosures(&self) -> impl Iterator<Item = &str> {
        let text = &self.text[self.marks.disclosures..self.marks.key_binding];
        let mut start = 0;
        memchr::memchr_iter(b'~', text.as_bytes()).map(move |end| {
            let disclosure = &text[start..end];
            start = end + 1;
            disclosure
        })
    }
}

impl PartialEq for SdJwt {
    /// The text says everything, but for how much of it the budget allowed.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.fault == other.fault && self.depth == other.depth
    }
}

impl Eq for SdJwt {}

impl fmt::Debug for SdJwt {
    /// Names the type only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SdJwt({}, {} bytes)", self.vct(), self.text.len())
    }
}

#[cfg(test)]
mod tests;
