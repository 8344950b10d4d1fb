//! The holder's side: choosing elements, and binding them to a session (ISO 18013-5 §8.3.2.1.2.2, §9.1.3).

use crate::codec::cbor::Writer;
use crate::codec::{CborValue, Json, Object};
use crate::envelope::cose::{UnsignedSign1, UntaggedMac0};
use crate::keys::{KeyHandle, PublicKey, SigningRequest};

use super::device::{authentication_bytes, namespaces_bytes};
use super::mso::KeyAuthorizations;
use super::{ClaimPath, Mdoc, MdocError, PathElement, PathError, SessionTranscript};

impl Mdoc {
    /// Every element, by its path: `[namespace, element]`. Nothing inside an element can be shown alone.
    pub fn disclosable(&self) -> Vec<ClaimPath> {
        let paths = self.elements();
        paths
            .map(|(namespace, element)| ClaimPath::of_keys(namespace, &[element]))
            .collect()
    }

    /// Chooses the elements that these paths select or reach into; a namespace alone means all of its elements.
    ///
    /// What no path names stays closed. No paths at all is the least that can be presented: the document type, its
    /// validity and who issued it.
    ///
    /// # Errors
    /// A path that does not fit an mdoc, or selects nothing.
    pub fn select(&self, paths: &[ClaimPath]) -> Result<Selection, MdocError> {
        let mut chosen: Vec<Vec<bool>> = Vec::with_capacity(self.namespaces.len());
        chosen.extend(
            self.namespaces
                .iter()
                .map(|namespace| vec![false; namespace.items.len()]),
        );
        for path in paths {
            self.choose(path, &mut chosen)?;
        }
        let auth = self.auth.bytes(&self.received);
        let mut out = Writer::with_capacity(self.received.len());
        let with_elements = |chosen: &Vec<bool>| chosen.contains(&true);
        let namespaces = chosen.iter().filter(|chosen| with_elements(chosen)).count();
        let mut claims = Object::new();
        if namespaces == 0 {
            out.map(1);
        } else {
            out.map(2).text("nameSpaces").map(namespaces);
        }
        for (namespace, chosen) in self.namespaces.iter().zip(&chosen) {
            if !with_elements(chosen) {
                continue;
            }
            let name = namespace.name.text(&self.received);
            let items = || namespace.items.iter().zip(chosen).filter(|(_, chosen)| **chosen);
            out.text(name).array(items().count());
            for (item, _) in items() {
                out.raw(item.tagged.bytes(&self.received));
            }
            let elements = items().map(|(item, _)| (self.identifier(item), self.value(item).into_json()));
            claims.insert(name, super::collect_unique(elements));
        }
        out.text("issuerAuth").raw(auth);
        Ok(Selection {
            issuer_signed: out.into_bytes(),
            doctype: self.doctype().to_owned(),
            authorizations: self.mso.authorizations.clone(),
            count: chosen.iter().flatten().filter(|chosen| **chosen).count(),
            claims: Json::from(claims),
        })
    }

    /// What was selected, ready to be bound to a session.
    pub fn present(&self, selection: &Selection) -> Presentation {
        Presentation {
            issuer_signed: selection.issuer_signed.clone(),
            doctype: selection.doctype.clone(),
            authorizations: selection.authorizations.clone(),
            device_elements: Vec::new(),
        }
    }

    fn choose(&self, path: &ClaimPath, chosen: &mut [Vec<bool>]) -> Result<(), MdocError> {
        let key = |element: &PathElement| match element {
            PathElement::Key(key) => Ok(key.clone()),
            _ => Err(PathError::NotAnArray),
        };
        let (namespace, rest) = path.elements().split_first().ok_or(PathError::Empty)?;
        let namespace = key(namespace)?;
        let mut namespaces = self.namespaces.iter();
        let namespace = namespaces.position(|other| other.name.bytes(&self.received) == namespace.as_bytes());
        let namespace = namespace.ok_or(MdocError::NothingThere)?;
        let Some((element, inside)) = rest.split_first() else {
            chosen[namespace].fill(true);
            return Ok(());
        };
        let element = key(element)?;
        let mut items = self.namespaces[namespace].items.iter();
        let position = items.position(|item| item.identifier.bytes(&self.received) == element.as_bytes());
        let position = position.ok_or(MdocError::NothingThere)?;
        if !inside.is_empty() {
            let value = self.value(&self.namespaces[namespace].items[position]).into_json();
            if ClaimPath::new(inside.to_vec())?.select(&value)?.is_empty() {
                return Err(MdocError::NothingThere);
            }
        }
        chosen[namespace][position] = true;
        Ok(())
    }
}

/// A choice of elements of one mdoc.
#[derive(Clone, PartialEq, Eq)]
pub struct Selection {
    issuer_signed: Vec<u8>,
    doctype: String,
    authorizations: KeyAuthorizations,
    count: usize,
    claims: Json,
}

impl Selection {
    /// Exactly what the recipient will read, in the form of [`Mdoc::claims`]. Beyond it the recipient learns the
    /// document type, the issuer, the times, the device's key and the status reference.
    pub fn disclosed_claims(&self) -> &Object {
        self.claims.as_object().expect("claims are an object")
    }

    /// [`Selection::disclosed_claims`] as a JSON value, for claim paths.
    pub fn disclosed_json(&self) -> &Json {
        &self.claims
    }

    /// How many elements go along.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Selection({} elements)", self.count)
    }
}

/// An mdoc with the chosen elements, not yet bound to a session.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a presentation is bound to a session, or it is nothing"]
pub struct Presentation {
    issuer_signed: Vec<u8>,
    doctype: String,
    authorizations: KeyAuthorizations,
    device_elements: Vec<(String, Vec<(String, CborValue)>)>,
}

impl Presentation {
    /// Adds an element that the device signs itself (§8.3.2.1.2.2, `DeviceNameSpaces`).
    ///
    /// # Errors
    /// The issuer did not authorise the device's key for it, or it is there already.
    pub fn with_device_element(
        mut self,
        namespace: &str,
        element: &str,
        value: impl Into<CborValue>,
    ) -> Result<Self, MdocError> {
        if !self.authorizations.allow(namespace, element) {
            return Err(MdocError::DeviceElementNotAuthorized);
        }
        let mut known = self.device_elements.iter();
        let position = known.position(|(name, _)| name == namespace).unwrap_or_else(|| {
            self.device_elements.push((namespace.to_owned(), Vec::new()));
            self.device_elements.len() - 1
        });
        let elements = &mut self.device_elements[position].1;
        if elements.iter().any(|(name, _)| name == element) {
            return Err(MdocError::ElementRepeated);
        }
        elements.push((element.to_owned(), value.into()));
        Ok(self)
    }

    /// `IssuerSigned` with the chosen elements, for those who need no proof of the device.
    pub fn into_issuer_signed(self) -> Vec<u8> {
        self.issuer_signed
    }

    /// Binds it to a session, but for the signature or MAC. `key` is the device's key, which the store knows as
    /// `handle`.
    pub fn bind(self, transcript: &SessionTranscript, handle: KeyHandle, key: PublicKey) -> UnboundPresentation {
        let namespaces = namespaces_bytes(&self.device_elements);
        let payload = authentication_bytes(transcript, &self.doctype, &namespaces);
        UnboundPresentation {
            issuer_signed: self.issuer_signed,
            doctype: self.doctype,
            namespaces,
            payload,
            handle,
            key,
        }
    }
}

impl std::fmt::Debug for Presentation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presentation({}, {} bytes)", self.doctype, self.issuer_signed.len())
    }
}

/// A presentation that only lacks the signature or the MAC of the device's key.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a presentation is nothing without its signature"]
pub struct UnboundPresentation {
    issuer_signed: Vec<u8>,
    doctype: String,
    /// `DeviceNameSpacesBytes`.
    namespaces: Vec<u8>,
    /// `DeviceAuthenticationBytes`.
    payload: Vec<u8>,
    handle: KeyHandle,
    key: PublicKey,
}

impl UnboundPresentation {
    /// What the device's key must sign.
    pub fn signing_request(&self) -> SigningRequest {
        let message = self.unsigned().to_be_signed();
        SigningRequest::new(self.handle.clone(), self.key.clone(), message)
    }

    /// The document with the device's signature (§9.1.3.6).
    ///
    /// # Errors
    /// The signature is not that of the device's key over [`UnboundPresentation::signing_request`].
    pub fn with_signature(self, signature: &[u8]) -> Result<Document, MdocError> {
        let message = self.unsigned().to_be_signed();
        let verdict = self.key.verifying_key().verify(&message, signature);
        verdict.map_err(|_| MdocError::DeviceAuth(crate::envelope::cose::CoseError::BadSignature))?;
        let signed = self.unsigned().with_signature(signature);
        Ok(self.finish("deviceSignature", &signed))
    }

    /// The document with a MAC (§9.1.3.5); `mac_key` is `EMacKey`
    /// ([`device_mac_key`](crate::envelope::session::device_mac_key)), agreed from the device's key and the reader's.
    pub fn with_mac(self, mac_key: &[u8; 32]) -> Document {
        let authenticated = UntaggedMac0::detached(self.payload.as_slice()).authenticate(mac_key);
        self.finish("deviceMac", &authenticated)
    }

    fn unsigned(&self) -> UnsignedSign1 {
        UnsignedSign1::detached(self.key.algorithm(), self.payload.as_slice())
    }

    fn finish(self, form: &str, auth: &CborValue) -> Document {
        let mut out = Writer::with_capacity(self.issuer_signed.len() + self.namespaces.len() + 256);
        out.map(3);
        out.text("docType").text(&self.doctype);
        out.text("issuerSigned").raw(&self.issuer_signed);
        out.text("deviceSigned").map(2);
        out.text("nameSpaces").raw(&self.namespaces);
        out.text("deviceAuth").map(1).text(form).value(auth);
        Document {
            encoded: out.into_bytes(),
            doctype: self.doctype,
        }
    }
}

impl std::fmt::Debug for UnboundPresentation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "UnboundPresentation({}, {} bytes)",
            self.doctype,
            self.issuer_signed.len()
        )
    }
}

/// A document as it goes into a response: what the issuer signed, and what the device signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    encoded: Vec<u8>,
    doctype: String,
}

impl Document {
    /// The document type.
    pub fn doctype(&self) -> &str {
        &self.doctype
    }

    /// The encoded document.
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({}, {} bytes)", self.doctype, self.encoded.len())
    }
}
