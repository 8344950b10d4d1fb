//! What a verifier tells of an mdoc beside its claims.

use super::{DeviceAuth, Mdoc};

/// How a device proved that it holds its key (ISO 18013-5 §9.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceAuthKind {
    /// `deviceMac`: it convinces the reader of the session, and nobody else.
    Mac,
    /// `deviceSignature`.
    Signature,
}

impl DeviceAuthKind {
    /// `mac` or `signature`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Signature => "signature",
        }
    }
}

impl Mdoc {
    /// How the device that presented it proved its key; `None` for an mdoc at rest.
    pub fn device_auth(&self) -> Option<DeviceAuthKind> {
        self.device.as_ref().map(|device| match device.auth {
            DeviceAuth::Mac(_) => DeviceAuthKind::Mac,
            DeviceAuth::Signature(_) => DeviceAuthKind::Signature,
        })
    }

    /// The namespaces that the issuer signed digests for: also those of which nothing came along.
    pub fn signed_namespaces(&self) -> impl Iterator<Item = &str> {
        self.mso.namespaces(&self.received)
    }
}
