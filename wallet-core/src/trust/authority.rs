//! Making certificates: a certification authority for development, tests and small deployments.
//!
//! Certificates are as RFC 5280 §4 and the readers in use (rustls, Node.js wallets) expect them: version 3, random
//! serial of 16 bytes, critical `basicConstraints` and `keyUsage`, subject and authority key identifiers
//! (RFC 7093 §2 method 1), names in UTF-8. Those of ISO 18013-5 (an IACA and what hangs below it) meet the rules of
//! [`CertificateProfile`](super::CertificateProfile) to the letter.

pub(super) mod encode;
mod iso;

use std::fmt;

use zeroize::Zeroizing;

use super::{Certificate, CertificateError};
use crate::crypto::{BadKey, Curve, Random, SigningKey, random_bytes, sha256};
use crate::keys::PublicKey;
use crate::time::Validity;

/// A certificate of an authority with its key.
#[derive(Debug)]
pub struct CertificateAuthority {
    certificate: Certificate,
    key: SigningKey,
    above: Vec<Certificate>,
}

/// A distinguished name of the usual parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateName {
    /// `CN`, the name that is shown.
    pub common_name: String,
    /// `O`.
    pub organization: Option<String>,
    /// `C`, two letters.
    pub country: Option<String>,
    /// `ST`, state or province.
    pub state: Option<String>,
}

impl CertificateName {
    /// A name of a common name alone.
    pub fn new(common_name: impl Into<String>) -> Self {
        Self {
            common_name: common_name.into(),
            ..Self::default()
        }
    }

    /// The name with an organization.
    #[must_use]
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// The name with a country of two letters.
    #[must_use]
    pub fn country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }

    /// The name with a state or province.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

impl From<&str> for CertificateName {
    fn from(common_name: &str) -> Self {
        Self::new(common_name)
    }
}

/// What a certificate of an end entity says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeafProfile {
    /// Whose it is.
    pub name: CertificateName,
    /// `dNSName` entries.
    pub dns: Vec<String>,
    /// URI entries.
    pub uri: Vec<String>,
    /// Extended key usages as dotted object identifiers; none means any.
    pub extended_key_usage: Vec<String>,
}

impl LeafProfile {
    /// A certificate for signing, without further names.
    pub fn new(name: impl Into<CertificateName>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The profile with a `dNSName`.
    #[must_use]
    pub fn dns(mut self, name: impl Into<String>) -> Self {
        self.dns.push(name.into());
        self
    }

    /// The profile with a URI.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uri.push(uri.into());
        self
    }

    /// The profile with an extended key usage.
    #[must_use]
    pub fn extended_key_usage(mut self, oid: impl Into<String>) -> Self {
        self.extended_key_usage.push(oid.into());
        self
    }
}

impl CertificateAuthority {
    /// Makes a root: a key, and a certificate that it signs itself.
    pub fn generate(
        name: impl Into<CertificateName>,
        curve: Curve,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Self, AuthorityError> {
        let key = SigningKey::generate(curve, random);
        let public = PublicKey::from(&key);
        let subject = encode::name(&name.into())?;
        let extensions = encode::authority_extensions(&key_id(&public), None, None);
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

    /// Makes an authority below this one, which may issue to end entities only.
    pub fn issue_authority(
        &self,
        name: impl Into<CertificateName>,
        curve: Curve,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Self, AuthorityError> {
        let key = SigningKey::generate(curve, random);
        let public = PublicKey::from(&key);
        let subject = encode::name(&name.into())?;
        let extensions = encode::authority_extensions(&key_id(&public), Some(&self.key_id()), Some(0));
        let certificate = encode::Draft {
            issuer: self.certificate.subject(),
            subject: &subject,
            key: &public,
            validity,
            extensions,
        };
        let certificate = certificate.sign(&self.key, &serial(random))?;
        let above = [vec![self.certificate.clone()], self.above.clone()].concat();
        Ok(Self {
            certificate,
            key,
            above,
        })
    }

    /// Issues a certificate to an end entity for its public key.
    pub fn issue_leaf(
        &self,
        profile: &LeafProfile,
        key: &PublicKey,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<Certificate, AuthorityError> {
        let subject = encode::name(&profile.name)?;
        let certificate = encode::Draft {
            issuer: self.certificate.subject(),
            subject: &subject,
            key,
            validity,
            extensions: encode::leaf_extensions(profile, &key_id(key), &self.key_id())?,
        };
        certificate.sign(&self.key, &serial(random))
    }

    /// Takes an authority up again from its certificate and key.
    pub fn load(certificate: Certificate, key: SigningKey) -> Result<Self, AuthorityError> {
        if !certificate.may_sign_certificates() {
            return Err(AuthorityError::NotAnAuthority);
        }
        if certificate.public_key()? != &PublicKey::from(&key) {
            return Err(AuthorityError::KeyDoesNotFit);
        }
        let above = Vec::new();
        Ok(Self {
            certificate,
            key,
            above,
        })
    }

    /// Takes an authority up again from PEM texts: the certificate, those above it if any, and the PKCS #8 key.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, AuthorityError> {
        let mut certificates = Certificate::parse_pem_chain(certificates)?;
        let above = certificates.split_off(1);
        let key = SigningKey::from_pkcs8_pem(key)?;
        let authority = Self::load(certificates.remove(0), key)?;
        Ok(Self { above, ..authority })
    }

    /// The key in PEM (PKCS #8), unencrypted. Ed25519 keys have no such form here.
    pub fn key_to_pem(&self) -> Result<Zeroizing<String>, AuthorityError> {
        Ok(self.key.to_pkcs8_pem()?)
    }

    /// The certificate, and those above it, in PEM.
    pub fn to_pem(&self) -> String {
        std::iter::once(&self.certificate)
            .chain(&self.above)
            .map(Certificate::to_pem)
            .collect()
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What goes along with a leaf: the leaf, and the authorities up to but without the root (HAIP 1.0 §6.1.1).
    pub fn chain_of(&self, leaf: &Certificate) -> Vec<Certificate> {
        let authorities = std::iter::once(&self.certificate).chain(&self.above);
        let mut chain = vec![leaf.clone()];
        chain.extend(authorities.filter(|certificate| !certificate.is_self_signed()).cloned());
        chain
    }

    fn key_id(&self) -> Vec<u8> {
        match (self.certificate.subject_key_id(), self.certificate.public_key()) {
            (Some(id), _) => id.to_vec(),
            (None, Ok(key)) => key_id(key),
            (None, Err(_)) => Vec::new(),
        }
    }
}

/// RFC 7093 §2 method 1: the first 160 bits of the SHA-256 of the key.
fn key_id(key: &PublicKey) -> Vec<u8> {
    sha256(key.verifying_key().point())[..20].to_vec()
}

/// RFC 5280 §4.1.2.2: positive, at most 20 bytes, not guessable.
fn serial(random: &mut dyn Random) -> Vec<u8> {
    let mut serial = random_bytes::<16>(random);
    serial[0] = serial[0] & 0x3f | 0x40;
    serial.to_vec()
}

/// A certificate that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A name, identifier or URI that a certificate cannot carry.
    BadName(&'static str),
    /// A certificate that cannot be read.
    Certificate(CertificateError),
    /// The key is not that of the certificate, or cannot be read or written.
    KeyDoesNotFit,
    /// The certificate is not that of an authority.
    NotAnAuthority,
    /// A validity without beginning or end, or beyond what a certificate can say.
    Validity,
}

impl AuthorityError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName(_) => "authority.bad_name",
            Self::Certificate(error) => error.code(),
            Self::KeyDoesNotFit => "authority.key_does_not_fit",
            Self::NotAnAuthority => "authority.not_an_authority",
            Self::Validity => "authority.validity",
        }
    }
}

impl From<CertificateError> for AuthorityError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

impl From<BadKey> for AuthorityError {
    fn from(_: BadKey) -> Self {
        Self::KeyDoesNotFit
    }
}

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName(what) => write!(f, "a certificate cannot carry this {what}"),
            Self::Certificate(error) => error.fmt(f),
            Self::KeyDoesNotFit => f.write_str("the key is not that of the certificate"),
            Self::NotAnAuthority => f.write_str("the certificate is not that of an authority"),
            Self::Validity => f.write_str("a certificate needs a beginning and an end within the years 1970 to 9999"),
        }
    }
}

impl std::error::Error for AuthorityError {}

#[cfg(test)]
mod tests;
