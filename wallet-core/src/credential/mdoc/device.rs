//! Device authentication: what the device's key signs, and what it may say by itself (ISO 18013-5 §9.1.3).

use crate::codec::CborValue;
use crate::codec::cbor::Writer;
use crate::envelope::session::device_mac_key;

use super::transcript::tagged;
use super::{Device, DeviceAuth, DeviceBinding, Mdoc, MdocError, SessionTranscript};

/// `DeviceAuthenticationBytes`, the detached payload (§9.1.3.4): `namespaces` are `DeviceNameSpacesBytes`.
pub(super) fn authentication_bytes(transcript: &SessionTranscript, doctype: &str, namespaces: &[u8]) -> Vec<u8> {
    let transcript = transcript.as_bytes();
    let mut inner = Writer::with_capacity(transcript.len() + doctype.len() + namespaces.len() + 32);
    inner.array(4).text("DeviceAuthentication").raw(transcript);
    inner.text(doctype).raw(namespaces);
    tagged(&inner.into_bytes())
}

/// `DeviceNameSpacesBytes` of elements that are in the order of their namespaces.
pub(super) fn namespaces_bytes(elements: &[(String, Vec<(String, CborValue)>)]) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.map(elements.len());
    for (namespace, elements) in elements {
        inner.text(namespace).map(elements.len());
        for (element, value) in elements {
            inner.text(element).value(value);
        }
    }
    tagged(&inner.into_bytes())
}

impl Mdoc {
    /// Checks that the device in whose hands the mdoc is answered this very session.
    pub(super) fn check_device(&self, device: &Device, binding: &DeviceBinding<'_>) -> Result<(), MdocError> {
        let key = self
            .device_key()
            .as_ref()
            .map_err(|error| MdocError::DeviceKey(error.clone()))?;
        for (namespace, element, _) in &device.elements {
            // §9.1.2.4: the issuer says what the device may say.
            if !self.mso.authorizations.allow(namespace, element) {
                return Err(MdocError::DeviceElementNotAuthorized);
            }
            if self.find(namespace, element).is_some() {
                return Err(MdocError::ElementSignedTwice);
            }
        }
        let payload = authentication_bytes(
            &binding.transcript,
            self.doctype(),
            device.namespaces.bytes(&device.received),
        );
        let verdict = match &device.auth {
            DeviceAuth::Signature(signature) => signature.check(key, &[], detached(signature.inspect(), &payload)),
            DeviceAuth::Mac(mac) => {
                let own = binding.reader_key.ok_or(MdocError::DeviceMacKey)?;
                let mac_key = device_mac_key(own, key, &binding.transcript.to_tagged());
                let mac_key = mac_key.map_err(|_| MdocError::DeviceMacKey)?;
                let verdict = mac.verify(mac_key.as_slice(), &[], detached(mac.inspect(), &payload));
                verdict.map(drop)
            }
        };
        verdict.map_err(MdocError::DeviceAuth)
    }
}

/// What stands for a payload that is not carried (§9.1.3.4). Some wallets carry it: then it must be the very bytes that
/// we expect, and is checked as carried.
fn detached<'a>(carried: Option<&[u8]>, expected: &'a [u8]) -> Option<&'a [u8]> {
    if carried == Some(expected) {
        None
    } else {
        Some(expected)
    }
}
