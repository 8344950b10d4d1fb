//! Client identifiers and their prefixes (OpenID4VP 1.0 §5.9).

use std::fmt;

/// The identifier of a verifier, prefix included: always the full string is compared, logged and bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// Wraps an identifier as received.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The identifier of a verifier by the hash of its certificate.
    pub fn x509_hash(fingerprint: &[u8; 32]) -> Self {
        Self(format!("x509_hash:{}", crate::codec::base64url::encode(fingerprint)))
    }

    /// The identifier of a verifier by a DNS name of its certificate.
    pub fn x509_san_dns(name: &str) -> Self {
        Self(format!("x509_san_dns:{name}"))
    }

    /// The full identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How the identifier is to be checked. It is split at the first colon (§5.9.1).
    pub fn prefix(&self) -> ClientIdPrefix {
        match self.0.split_once(':').map(|(prefix, _)| prefix) {
            Some("decentralized_identifier") => ClientIdPrefix::DecentralizedIdentifier,
            Some("openid_federation") => ClientIdPrefix::OpenidFederation,
            Some("origin") => ClientIdPrefix::Origin,
            Some("redirect_uri") => ClientIdPrefix::RedirectUri,
            Some("verifier_attestation") => ClientIdPrefix::VerifierAttestation,
            Some("x509_hash") => ClientIdPrefix::X509Hash,
            Some("x509_san_dns") => ClientIdPrefix::X509SanDns,
            _ => ClientIdPrefix::PreRegistered,
        }
    }

    /// The identifier after the prefix; all of it where there is none.
    pub fn identifier(&self) -> &str {
        match self.prefix() {
            ClientIdPrefix::PreRegistered => &self.0,
            _ => self
                .0
                .split_once(':')
                .map_or(self.0.as_str(), |(_, identifier)| identifier),
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Client identifier prefixes (OpenID4VP 1.0 §5.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientIdPrefix {
    /// `decentralized_identifier:`
    DecentralizedIdentifier,
    /// `openid_federation:`
    OpenidFederation,
    /// `origin:`, reserved for the Digital Credentials API: never in a request.
    Origin,
    /// None, or one that is not known: a client registered beforehand.
    PreRegistered,
    /// `redirect_uri:`, which authenticates nobody.
    RedirectUri,
    /// `verifier_attestation:`
    VerifierAttestation,
    /// `x509_hash:`
    X509Hash,
    /// `x509_san_dns:`
    X509SanDns,
}

impl ClientIdPrefix {
    /// The prefix as written, without colon; empty for [`ClientIdPrefix::PreRegistered`].
    pub fn name(self) -> &'static str {
        match self {
            Self::DecentralizedIdentifier => "decentralized_identifier",
            Self::OpenidFederation => "openid_federation",
            Self::Origin => "origin",
            Self::PreRegistered => "",
            Self::RedirectUri => "redirect_uri",
            Self::VerifierAttestation => "verifier_attestation",
            Self::X509Hash => "x509_hash",
            Self::X509SanDns => "x509_san_dns",
        }
    }
}
