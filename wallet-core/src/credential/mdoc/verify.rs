//! Verification (ISO 18013-5 §9.3.1: issuer data authentication; §9.1.3: device authentication).

use crate::crypto::AgreementKey;
use crate::time::Timestamp;
use crate::trust::{DocumentSignerClaim, TrustStore, TrustedIssuer};

use super::{Mdoc, MdocError, SessionTranscript, Unverified, Verified};

/// The session that the device must have answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceBinding<'a> {
    /// The transcript, made from what we sent.
    pub transcript: SessionTranscript,
    /// Our key of the session, for devices that answer with a MAC; without it a MAC is refused.
    pub reader_key: Option<&'a AgreementKey>,
}

impl<'a> DeviceBinding<'a> {
    /// The session of this transcript, answered with a signature.
    pub fn new(transcript: SessionTranscript) -> Self {
        Self {
            transcript,
            reader_key: None,
        }
    }

    /// Accepts a MAC too, whose key is agreed with this one of ours: the ephemeral key of a session in person, or the
    /// key that an online response was encrypted to.
    #[must_use]
    pub fn with_reader_key(mut self, key: &'a AgreementKey) -> Self {
        self.reader_key = Some(key);
        self
    }
}

/// Whether there must be device authentication. It is decided before looking at what was sent, since a thief would
/// just leave it out.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum DeviceAuthentication<'a> {
    /// An mdoc at rest or just issued: what a device signed is refused.
    #[default]
    AtRest,
    /// An answer to a request: this is required.
    Required(DeviceBinding<'a>),
}

/// What a verifier asks for. The default is that of an mdoc at rest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifyOptions<'a> {
    /// How many seconds clocks may differ.
    pub skew: i64,
    /// Whether there must be device authentication.
    pub device_authentication: DeviceAuthentication<'a>,
    /// The document type that was asked for; any if absent.
    pub doctype: Option<String>,
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        Self {
            skew: 60,
            device_authentication: DeviceAuthentication::AtRest,
            doctype: None,
        }
    }
}

impl<'a> VerifyOptions<'a> {
    /// For an mdoc that was issued to us or is stored: device authentication is refused.
    pub fn at_rest() -> Self {
        Self::default()
    }

    /// For an mdoc that must answer a request.
    pub fn presentation(binding: DeviceBinding<'a>) -> Self {
        Self {
            device_authentication: DeviceAuthentication::Required(binding),
            ..Self::default()
        }
    }

    /// The options with another allowance for clocks.
    #[must_use]
    pub fn with_skew(mut self, seconds: i64) -> Self {
        self.skew = seconds;
        self
    }

    /// The options for one document type.
    #[must_use]
    pub fn with_doctype(mut self, doctype: impl Into<String>) -> Self {
        self.doctype = Some(doctype.into());
        self
    }
}

impl Unverified<Mdoc> {
    /// Checks everything but the status.
    pub fn verify(
        self,
        trust: &TrustStore,
        options: &VerifyOptions<'_>,
        now: Timestamp,
    ) -> Result<Verified<Mdoc>, MdocError> {
        let issuer = self.inner().check(trust, options, now)?;
        Ok(Verified::new(self.into_inner(), issuer, now))
    }
}

impl Mdoc {
    fn check(
        &self,
        trust: &TrustStore,
        options: &VerifyOptions<'_>,
        now: Timestamp,
    ) -> Result<TrustedIssuer, MdocError> {
        // Decided by policy, not by what came.
        let device = match (&options.device_authentication, self.device.as_deref()) {
            (DeviceAuthentication::AtRest, Some(_)) => return Err(MdocError::DeviceAuthUnexpected),
            (DeviceAuthentication::Required(_), None) => return Err(MdocError::DeviceAuthMissing),
            (DeviceAuthentication::AtRest, None) => None,
            (DeviceAuthentication::Required(binding), Some(device)) => Some((device, binding)),
        };
        if options
            .doctype
            .as_deref()
            .is_some_and(|wanted| wanted != self.doctype())
        {
            return Err(MdocError::DocTypeUnexpected);
        }
        // §9.3.1 steps 1 and 5: a path to an anchor that is good for the document type, and `signed` within the
        // validity of the document signer's certificate.
        let chain = self.issuer_auth.x5chain().map_err(MdocError::IssuerAuth)?;
        let chain = chain.ok_or(MdocError::X5ChainMissing)?;
        if let Some(leaf) = chain.first() {
            self.issuer_auth.check_x5t(leaf).map_err(MdocError::IssuerAuth)?;
        }
        let country = self.text_element("issuing_country");
        let jurisdiction = self.text_element("issuing_jurisdiction");
        let claim = DocumentSignerClaim::new(&chain, self.doctype(), self.signed())
            .valid_until(self.mso.validity.until)
            .issuing_country(country.as_deref())
            .issuing_jurisdiction(jurisdiction.as_deref());
        let issuer = trust.resolve_document_signer(&claim, now)?;
        // Step 2: the signature over the mobile security object.
        self.issuer_auth
            .check(&issuer.key, &[], None)
            .map_err(MdocError::IssuerAuth)?;
        // Step 3: every element that came along.
        self.check_digests()?;
        // Step 5: the time.
        self.validity().check(now, options.skew)?;
        if let Err(error) = self.device_key() {
            return Err(MdocError::DeviceKey(error.clone()));
        }
        if let Some((device, binding)) = device {
            self.check_device(device, binding)?;
        }
        Ok(issuer)
    }

    /// §9.3.1 step 3: the digest of each element, taken over the bytes as received, is the signed one.
    fn check_digests(&self) -> Result<(), MdocError> {
        let mut buffer = [0; 64];
        for namespace in &self.namespaces {
            let digests = self.mso.digests(namespace.name.text(&self.received), &self.received);
            for item in &namespace.items {
                let position = digests.binary_search_by_key(&item.digest_id, |(id, _)| *id);
                let (_, signed) = position
                    .map(|position| digests[position])
                    .map_err(|_| MdocError::DigestUnknown)?;
                let length = self
                    .mso
                    .hash
                    .digest_into(item.tagged.bytes(&self.received), &mut buffer);
                if buffer[..length] != *signed.bytes(&self.received) {
                    return Err(MdocError::DigestMismatch);
                }
            }
        }
        Ok(())
    }

    /// The first element of this name that is a text.
    fn text_element(&self, identifier: &str) -> Option<String> {
        let mut items = self.namespaces.iter().flat_map(|namespace| &namespace.items);
        let item = items.find(|item| item.identifier.bytes(&self.received) == identifier.as_bytes())?;
        self.value(item).as_str().map(str::to_owned)
    }
}
