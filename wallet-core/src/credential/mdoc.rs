//! mdoc (ISO/IEC 18013-5): mobile documents, of which the holder can show single elements.
//!
//! The issuer signs a mobile security object with the digests of all elements, a validity and the device's key
//! (`issuerAuth`); beside it stand the elements, each with a random value that hides it. A wallet sends some of them
//! and lets the device's key sign the session they are sent in (`deviceSigned`).
//!
//! - Digests are taken over the bytes as received, tag 24 included; nothing is encoded again.
//! - What is received is [`Unverified`]: it can be shown ([`Unverified::inspect`]) and verified, and no more.
//! - Whether device authentication is required is said by [`VerifyOptions`] before anyone looks at what was sent.
//! - An element without digest, with another digest, or there twice refuses the whole.
//!
//! Issuing starts from a `Blueprint`, presenting from [`Mdoc::select`], reading from [`DeviceResponse::parse`].

mod device;
mod error;
mod evidence;
mod inspect;
#[cfg(feature = "issuer")]
mod issue;
mod mso;
mod parse;
mod present;
mod read;
mod response;
mod transcript;
mod verify;

use std::fmt;
use std::sync::OnceLock;

use crate::codec::base64url;
use crate::codec::{Budget, Cbor, CborValue, Json, Object};
use crate::crypto::HashAlgorithm;
use crate::envelope::cose::{UnverifiedMac0, UnverifiedSign1};
use crate::keys::{CoseKeyError, PublicKey};
use crate::time::{Timestamp, Validity};

pub use error::MdocError;
pub use evidence::DeviceAuthKind;
pub use inspect::Inspection;
#[cfg(feature = "issuer")]
pub use issue::{Blueprint, Concealed};
pub use present::{Document, Presentation, Selection, UnboundPresentation};
pub use response::{DeviceResponse, DocumentError, ReceivedResponse};
pub use transcript::SessionTranscript;
pub use verify::{DeviceAuthentication, DeviceBinding, VerifyOptions};

use super::{ClaimPath, PathElement, PathError, StatusListReference, StatusReferenceError, Unverified, Verified};
use mso::MobileSecurityObject;
use read::Span;

/// What the issuer signed with the elements that came with it, and what the device signed if it came in a response.
///
/// One can only be reached through a state: what its accessors say is as true as that state.
#[derive(Clone)]
pub struct Mdoc {
    /// `IssuerSigned` as received; the parts below point into it.
    received: Vec<u8>,
    /// `issuerAuth` as received.
    auth: Span,
    issuer_auth: UnverifiedSign1,
    mso: MobileSecurityObject,
    namespaces: Vec<Namespace>,
    device: Option<Box<Device>>,
    errors: Vec<ElementError>,
    /// How deep the budget let it nest.
    depth: usize,
    /// Read when first asked for, since checking the point takes time.
    holder_key: OnceLock<Result<PublicKey, CoseKeyError>>,
    /// Built when first asked for: who counts or stores never asks.
    claims: OnceLock<Json>,
    device_claims: OnceLock<Object>,
}

#[derive(Clone, PartialEq, Eq)]
struct Namespace {
    name: Span,
    items: Vec<Item>,
}

/// An `IssuerSignedItem`, by its places.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Item {
    /// `IssuerSignedItemBytes`, tag included: what the digest is taken of.
    tagged: Span,
    digest_id: u32,
    identifier: Span,
    value: Span,
}

/// `DeviceSigned`.
#[derive(Clone)]
struct Device {
    /// As received.
    received: Vec<u8>,
    /// `DeviceNameSpacesBytes`, in what was received.
    namespaces: Span,
    /// Namespace, element, value.
    elements: Vec<(String, String, CborValue)>,
    auth: DeviceAuth,
}

#[derive(Clone)]
enum DeviceAuth {
    Mac(UnverifiedMac0),
    Signature(UnverifiedSign1),
}

/// An element that was asked for and not returned, as the device says (ISO 18013-5 §8.3.2.1.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ElementError {
    /// The namespace.
    pub namespace: String,
    /// The element.
    pub element: String,
    /// Why; 0 says no more than that it is not returned.
    pub code: i64,
}

impl Mdoc {
    /// The document type, as the issuer signed it.
    pub fn doctype(&self) -> &str {
        self.mso.doc_type.text(&self.received)
    }

    /// The elements that the issuer signed and that came along: `{namespace: {element: value}}`, values as JSON
    /// (RFC 8949 §6.1).
    pub fn claims(&self) -> &Object {
        self.claims_json().as_object().expect("claims are an object")
    }

    /// [`Mdoc::claims`] as a JSON value, for claim paths.
    pub fn claims_json(&self) -> &Json {
        self.claims.get_or_init(|| {
            let namespaces = self.namespaces.iter().map(|namespace| {
                let items = namespace.items.iter();
                let items = items.map(|item| (self.identifier(item), self.value(item).into_json()));
                (namespace.name.text(&self.received), Json::from(collect_unique(items)))
            });
            Json::from(collect_unique(namespaces))
        })
    }

    /// The elements that the device signed itself, in the form of [`Mdoc::claims`]. The issuer allowed it to, and
    /// vouches for none of them.
    pub fn device_claims(&self) -> &Object {
        self.device_claims.get_or_init(|| {
            let elements = self.device.as_ref().map(|device| device.elements.as_slice());
            // Those of a namespace stand together, and no namespace comes twice.
            let namespaces = elements.unwrap_or_default().chunk_by(|a, b| a.0 == b.0);
            collect_unique(namespaces.map(|elements| {
                let members = elements.iter().map(|(_, name, value)| (name.as_str(), value.to_json()));
                (elements[0].0.as_str(), Json::from(collect_unique(members)))
            }))
        })
    }

    /// An element that the issuer signed, as it is in CBOR.
    pub fn element(&self, namespace: &str, identifier: &str) -> Option<CborValue> {
        self.find(namespace, identifier).map(|item| self.value(item))
    }

    /// The namespaces and the elements in them that came along, in their order.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.namespaces.iter().flat_map(move |namespace| {
            let name = namespace.name.text(&self.received);
            namespace.items.iter().map(move |item| (name, self.identifier(item)))
        })
    }

    /// What the device says it did not return.
    pub fn errors(&self) -> &[ElementError] {
        &self.errors
    }

    /// The device's key (`deviceKey`), which the holder proves to have; `None` where its kind is not supported.
    pub fn holder_key(&self) -> Option<&PublicKey> {
        self.device_key().as_ref().ok()
    }

    /// `validFrom` and `validUntil`.
    pub fn validity(&self) -> Validity {
        self.mso.window()
    }

    /// `signed`: when the issuer signed it.
    pub fn signed(&self) -> Timestamp {
        self.mso.validity.signed
    }

    /// `expectedUpdate`: when the issuer means to issue it anew.
    pub fn expected_update(&self) -> Option<Timestamp> {
        self.mso.validity.expected_update
    }

    /// The hash of the digests.
    pub fn hash(&self) -> HashAlgorithm {
        self.mso.hash
    }

    /// Where the status stands (`status_list` or `identifier_list`); `None` if the mdoc has no status.
    pub fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError> {
        self.mso.status_reference()
    }

    /// `status` as JSON, whatever its kind.
    pub fn status_json(&self) -> Option<Json> {
        self.mso.status_json()
    }

    /// The certificates of the document signer as they came along (`x5chain`), leaf first.
    pub fn document_signer_chain(&self) -> Vec<Vec<u8>> {
        self.issuer_auth.x5chain().ok().flatten().unwrap_or_default()
    }

    /// `IssuerSigned` as received; what the device signed is not part of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.received.clone()
    }

    /// [`Mdoc::to_bytes`] as base64url: the form in which OpenID4VCI hands it out and a wallet stores it.
    pub fn to_base64url(&self) -> String {
        base64url::encode(&self.received)
    }

    /// What must be another one in every copy (ARF 3.0 `ISSU_35`), as text: the random values of all elements, and all
    /// digests.
    pub(crate) fn marks(&self) -> Vec<String> {
        let items = self.namespaces.iter().flat_map(|namespace| &namespace.items);
        let random = |item: &Item| {
            // It was parsed once already.
            let mut budget = Budget::new(usize::MAX, self.depth, usize::MAX);
            let tagged = Cbor::parse(item.tagged.bytes(&self.received), &mut budget).ok()?;
            let item = Cbor::parse(tagged.embedded()?, &mut budget).ok()?;
            item.get("random")?.as_bytes().map(base64url::encode)
        };
        let digests = self.mso.all_digests(&self.received).map(base64url::encode);
        items.filter_map(random).chain(digests).collect()
    }

    fn device_key(&self) -> &Result<PublicKey, CoseKeyError> {
        self.holder_key.get_or_init(|| self.mso.read_device_key(&self.received))
    }

    fn find(&self, namespace: &str, identifier: &str) -> Option<&Item> {
        let mut namespaces = self.namespaces.iter();
        let found = namespaces.find(|other| other.name.bytes(&self.received) == namespace.as_bytes())?;
        let mut items = found.items.iter();
        items.find(|item| item.identifier.bytes(&self.received) == identifier.as_bytes())
    }

    fn identifier(&self, item: &Item) -> &str {
        item.identifier.text(&self.received)
    }

    fn value(&self, item: &Item) -> CborValue {
        // It was parsed once already.
        let mut budget = Budget::new(usize::MAX, self.depth, usize::MAX);
        let value = Cbor::parse(item.value.bytes(&self.received), &mut budget);
        value.map_or(CborValue::Undefined, |value| value.to_value())
    }
}

/// An object of members whose names are known to differ.
fn collect_unique<'a>(members: impl Iterator<Item = (&'a str, Json)>) -> Object {
    let members = members.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut object = Object::new();
    // Names that repeat were refused in parsing.
    let _ = object.append_unique(members);
    object
}

impl PartialEq for Mdoc {
    /// The bytes say everything, but for how much of them the budget allowed.
    fn eq(&self, other: &Self) -> bool {
        let device = |mdoc: &Self| mdoc.device.as_ref().map(|device| device.received.clone());
        self.received == other.received && device(self) == device(other) && self.depth == other.depth
    }
}

impl Eq for Mdoc {}

impl fmt::Debug for Mdoc {
    /// Names the type only: the rest is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mdoc({}, {} bytes)", self.doctype(), self.received.len())
    }
}

#[cfg(all(test, feature = "issuer"))]
mod tests;
