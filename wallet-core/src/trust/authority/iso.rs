//! The certificates of ISO 18013-5 Annex B and C: an issuing authority's root, and document signers, readers and list
//! signers below it.

use super::encode::{self, SEQUENCE, extension, tlv};
use super::{AuthorityError, CertificateAuthority, CertificateName, LeafProfile, serial};
use crate::crypto::{Curve, Random, SigningKey, sha1_key_identifier};
use crate::keys::PublicKey;
use crate::time::Validity;
use crate::trust::Certificate;
use crate::trust::certificate::AlternativeName;
use crate::trust::profile::purpose;

const DAY: i64 = 86_400;
/// Annex B.1.2: at most 20 years; leap days are not used up.
const IACA_DAYS: i64 = 20 * 365;
/// Annex B.1.4.
const DOCUMENT_SIGNER_DAYS: i64 = 457;
/// Annex B.1.7.
const READER_DAYS: i64 = 1187;

impl CertificateAuthority {
    /// Makes the root of an issuing authority (IACA, ISO 18013-5 Annex B.1.2), at most 20 years. `contact` is an e-mail
    /// address or a URI; the name has a country.
    pub fn generate_iaca(
        name: impl Into<CertificateName>,
        contact: &str,
        curve: Curve,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Self, AuthorityError> {
        let name = name.into();
        if name.country.is_none() {
            return Err(AuthorityError::BadName("country"));
        }
        at_most(validity, IACA_DAYS)?;
        let key = SigningKey::generate(curve, random);
        let public = PublicKey::from(&key);
        let subject = encode::name(&name)?;
        let id = key_id(&public);
        let mut extensions = encode::authority_extensions(&id, None, Some(0));
        extensions.push(issuer_alternative_name(contact)?);
        let certificate = encode::Draft {
            issuer: &subject,
            subject: &subject,
            key: &public,
            validity,
            extensions,
        };
        Ok(Self {
            certificate: certificate.sign(&key, &serial(random))?,
            key,
            above: Vec::new(),
        })
    }

    /// Issues the certificate of a document signer (Annex B.1.4), at most 457 days. Country and state are those of the
    /// authority; `crl` is the URI of its revocation list.
    pub fn issue_document_signer(
        &self,
        profile: &LeafProfile,
        key: &PublicKey,
        crl: &str,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Certificate, AuthorityError> {
        at_most(validity, DOCUMENT_SIGNER_DAYS)?;
        self.issue_iso(profile, purpose::DOCUMENT_SIGNER[0], key, crl, validity, random)
    }

    /// Issues the certificate of a reader (Annex B.1.7), at most 1187 days.
    pub fn issue_reader(
        &self,
        profile: &LeafProfile,
        key: &PublicKey,
        crl: &str,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Certificate, AuthorityError> {
        at_most(validity, READER_DAYS)?;
        self.issue_iso(profile, purpose::READER[0], key, crl, validity, random)
    }

    /// Issues the certificate of a VICAL signer (Annex C), at most 1187 days.
    pub fn issue_vical_signer(
        &self,
        profile: &LeafProfile,
        key: &PublicKey,
        crl: &str,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Certificate, AuthorityError> {
        at_most(validity, READER_DAYS)?;
        self.issue_iso(profile, purpose::VICAL_SIGNER[0], key, crl, validity, random)
    }

    fn issue_iso(
        &self,
        profile: &LeafProfile,
        purpose: &str,
        key: &PublicKey,
        crl: &str,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Certificate, AuthorityError> {
        let mut profile = profile.clone();
        // Annex B.1.4: country and, where there is one, state are those of the authority.
        let country = profile.name.country.take();
        profile.name.country = country.or_else(|| self.certificate.country().map(str::to_owned));
        let state = profile.name.state.take();
        profile.name.state = state.or_else(|| self.certificate.state_or_province().map(str::to_owned));
        let differs = profile.name.country.as_deref() != self.certificate.country();
        if differs {
            return Err(AuthorityError::BadName("country"));
        }
        let within = |validity: Validity| {
            validity.not_before >= Some(self.certificate.not_before())
                && validity.expires <= Some(self.certificate.not_after())
        };
        if !within(validity) {
            return Err(AuthorityError::Validity);
        }
        profile.extended_key_usage = vec![purpose.to_owned()];
        let mut extensions = encode::leaf_extensions(&profile, &key_id(key), &self.key_id())?;
        // Annex B: the key purpose is critical; it comes last.
        extensions.pop();
        extensions.push(encode::key_purposes(&profile.extended_key_usage, true)?);
        extensions.push(match self.contact() {
            Some(contact) => issuer_alternative_name(contact)?,
            None => issuer_alternative_name(crl)?,
        });
        extensions.push(crl_distribution_point(crl)?);
        let subject = encode::name(&profile.name)?;
        let certificate = encode::Draft {
            issuer: self.certificate.subject(),
            subject: &subject,
            key,
            validity,
            extensions,
        };
        certificate.sign(&self.key, &serial(random))
    }

    /// The e-mail address or URI in its own `issuerAltName`.
    fn contact(&self) -> Option<&str> {
        let names = self.certificate.details().issuer_alternative.as_ref()?.as_ref().ok()?;
        names.iter().find_map(|name| match name {
            AlternativeName::Email(name) | AlternativeName::Uri(name) => Some(name.as_str()),
            AlternativeName::Other => None,
        })
    }
}

/// Annex B: the SHA-1 of the key.
fn key_id(key: &PublicKey) -> Vec<u8> {
    sha1_key_identifier(key.verifying_key().point()).to_vec()
}

fn at_most(validity: Validity, days: i64) -> Result<(), AuthorityError> {
    match (validity.not_before, validity.expires) {
        (Some(from), Some(until)) if until.since(from) <= days * DAY => Ok(()),
        _ => Err(AuthorityError::Validity),
    }
}

fn issuer_alternative_name(contact: &str) -> Result<Vec<u8>, AuthorityError> {
    let name = if contact.contains("://") || !contact.contains('@') {
        encode::uri_name(contact)?
    } else if contact.bytes().all(|byte| byte.is_ascii_graphic()) {
        tlv(0x81, contact.as_bytes())
    } else {
        return Err(AuthorityError::BadName("e-mail address"));
    };
    Ok(extension("2.5.29.18", false, &tlv(SEQUENCE, &name)))
}

fn crl_distribution_point(uri: &str) -> Result<Vec<u8>, AuthorityError> {
    let name = tlv(0xa0, &tlv(0xa0, &encode::uri_name(uri)?));
    let point = tlv(SEQUENCE, &tlv(SEQUENCE, &name));
    Ok(extension("2.5.29.31", false, &point))
}
