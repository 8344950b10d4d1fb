//! A relying party whose certificate was checked.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Certificate, Environment};
use crate::codec::base64url;
use crate::crypto::same_secret;
use crate::http::HttpsUrl;
use crate::keys::PublicKey;

/// A relying party that a [`TrustStore`](super::TrustStore) vouches for.
///
/// Serialised, it is the path and the environment: state of our own, never what a peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedParty {
    /// The name to show, from the certificate alone (lessons S11).
    pub name: String,
    /// The organization, from the certificate.
    pub organisation: Option<String>,
    /// The key that must have signed the request.
    pub key: PublicKey,
    /// The certificate.
    pub leaf: Certificate,
    /// The path; leaf first, the anchor last. A pinned certificate stands alone.
    pub path: Vec<Certificate>,
    /// Whether the anchor is for production or for tests (lessons S36).
    pub environment: Environment,
}

impl VerifiedParty {
    pub(super) fn new(path: Vec<Certificate>, environment: Environment) -> Option<Self> {
        let leaf = path.first()?.clone();
        Some(Self {
            name: leaf.display_name(),
            organisation: leaf.organization().map(str::to_owned),
            key: leaf.public_key().ok()?.clone(),
            leaf,
            path,
            environment,
        })
    }
}

impl Serialize for VerifiedParty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.path, self.environment).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VerifiedParty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (path, environment) = Deserialize::deserialize(deserializer)?;
        Self::new(path, environment).ok_or_else(|| D::Error::custom("a path without a usable certificate"))
    }
}

/// Names of a certificate as OpenID4VP 1.0 §5.9.3 compares them.
impl Certificate {
    /// The value of the client identifier prefix `x509_hash`: base64url of the SHA-256 of the DER bytes.
    pub fn x509_hash(&self) -> String {
        base64url::encode(self.sha256())
    }

    /// Whether a client identifier with the prefix `x509_hash:` names this certificate; `id` is without the prefix.
    pub fn matches_x509_hash(&self, id: &str) -> bool {
        same_secret(self.x509_hash(), id)
    }

    /// Whether `name` is one of the `dNSName` entries, without regard to case. Wildcards name nobody.
    pub fn has_dns_name(&self, name: &str) -> bool {
        !name.is_empty() && !name.contains('*') && self.dns_names().iter().any(|dns| dns.eq_ignore_ascii_case(name))
    }

    /// Whether a client identifier with the prefix `x509_san_dns:` names this certificate and `target`, the
    /// response or redirect URI, lies under that name; `id` is without the prefix.
    pub fn matches_x509_san_dns(&self, id: &str, target: &HttpsUrl) -> bool {
        self.has_dns_name(id) && target.host().eq_ignore_ascii_case(id)
    }

    /// Whether `iss` is one of its names: a URI entry, byte for byte, or the host of `iss` a `dNSName` entry
    /// (SD-JWT VC §2.5; wildcards name nobody).
    pub fn is_named(&self, iss: &str) -> bool {
        self.uris().iter().any(|uri| uri == iss)
            || HttpsUrl::parse(iss, crate::http::LinkPolicy::LoopbackHttp)
                .is_ok_and(|url| self.has_dns_name(url.host()))
    }
}
