//! The key and certificates of a server, from the files in its data folder.
//!
//! In production an authority outside gives the certificate and these files must be there: `issuer.pem` and
//! `issuer.key` (or `access.pem`, `access.key`). In development mode the folder gets a certificate authority of its own
//! (`issuer-ca.pem`, `issuer-ca.key`) that serves tests alone; an authority that issues mdocs also gets an issuing
//! authority of ISO 18013-5 (`iaca.pem`, `iaca.key`) with its document signer (`document-signer.pem`,
//! `document-signer.key`).

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::http::HttpsUrl;
use wallet_core::keys::PublicKey;
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::Certificate;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use zeroize::Zeroizing;

use crate::platform::{SystemRandom, write_private};

const DAY: i64 = 86_400;

/// What a server signs with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The private key.
    pub key: SigningKey,
    /// The certificates, leaf first, without the root.
    pub chain: Vec<Certificate>,
}

/// Which identity, by the name of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityKind {
    /// `access`: asks for presentations.
    Access,
    /// `issuer`: signs credentials.
    Issuer,
}

impl IdentityKind {
    fn file(self, folder: &Path, ending: &str) -> PathBuf {
        let name = match self {
            Self::Access => "access",
            Self::Issuer => "issuer",
        };
        folder.join(format!("{name}{ending}"))
    }
}

impl Identity {
    /// Reads the identity from the folder.
    ///
    /// # Errors
    /// Also if the folder is one of development mode: what was issued there for tests is not to count (lessons S36).
    pub fn load(folder: &Path, kind: IdentityKind) -> Result<Self, IdentityError> {
        let own_authority = kind.file(folder, "-ca.key");
        if own_authority.exists() {
            let reason = "the folder is one of development mode; production needs a folder of its own";
            return Err(IdentityError::bad(&own_authority, reason));
        }
        Self::read(folder, kind)
    }

    fn read(folder: &Path, kind: IdentityKind) -> Result<Self, IdentityError> {
        Self::read_from(&kind.file(folder, ".pem"), &kind.file(folder, ".key"))
    }

    fn read_from(certificates: &Path, path: &Path) -> Result<Self, IdentityError> {
        let chain = read(certificates)?;
        let chain = Certificate::parse_pem_chain(&chain).map_err(|error| IdentityError::bad(certificates, error))?;
        let key = SigningKey::from_pkcs8_pem(&read(path)?).map_err(|error| IdentityError::bad(path, error))?;
        let leaf = chain
            .first()
            .ok_or_else(|| IdentityError::bad(certificates, "it holds no certificate"))?;
        if leaf.public_key().ok() != Some(&PublicKey::from(&key)) {
            return Err(IdentityError::bad(
                certificates,
                "it is not the certificate of the key beside it",
            ));
        }
        Ok(Self { key, chain })
    }

    /// Reads the identity of a development server, making authority, key and certificate where they are missing,
    /// expired, or for another address.
    ///
    /// # Errors
    /// Also if there is a key that no own authority stands beside: it is one of production, and not to be replaced.
    pub fn load_or_create(
        folder: &Path,
        kind: IdentityKind,
        name: &str,
        base: &HttpsUrl,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        let random = &mut SystemRandom::new();
        let (ca_file, ca_key_file) = (kind.file(folder, "-ca.pem"), kind.file(folder, "-ca.key"));
        let production_key = kind.file(folder, ".key");
        if !ca_key_file.exists() && production_key.exists() {
            let reason = "the key is one of production; development mode needs a folder of its own";
            return Err(IdentityError::bad(&production_key, reason));
        }
        let authority = if ca_file.exists() {
            CertificateAuthority::from_pem(&read(&ca_file)?, &read(&ca_key_file)?)
                .map_err(|error| IdentityError::bad(&ca_file, error))?
        } else {
            let validity = Validity::new(Some(now.plus(-DAY)), Some(now.plus(10 * 365 * DAY)));
            let root = CertificateName::new(format!("{name} (test authority)")).country("DE");
            let made = CertificateAuthority::generate(root, Curve::P256, validity, random)
                .map_err(|error| IdentityError::bad(&ca_file, error))?;
            let key = made
                .key_to_pem()
                .map_err(|error| IdentityError::bad(&ca_key_file, error))?;
            store(&ca_key_file, key.as_bytes())?;
            publish(&ca_file, &made.to_pem())?;
            made
        };
        if let Ok(identity) = Self::read(folder, kind) {
            let leaf = &identity.chain[0];
            let fits = leaf.uris().iter().any(|uri| uri == base.as_str()) && leaf.common_name() == Some(name);
            if fits && leaf.check_validity(now.plus(30 * DAY)).is_ok() {
                return Ok(identity);
            }
        }
        let key = SigningKey::generate(Curve::P256, random);
        let profile = LeafProfile::new(CertificateName::new(name).organization(name).country("DE"));
        let profile = profile.dns(base.host()).uri(base.as_str());
        let validity = Validity::new(Some(now.plus(-DAY)), Some(now.plus(365 * DAY)));
        let certificates = kind.file(folder, ".pem");
        let leaf = authority
            .issue_leaf(&profile, &PublicKey::from(&key), validity, random)
            .map_err(|error| IdentityError::bad(&certificates, error))?;
        let chain = authority.chain_of(&leaf);
        let path = kind.file(folder, ".key");
        let pem = key.to_pkcs8_pem().map_err(|error| IdentityError::bad(&path, error))?;
        store(&path, pem.as_bytes())?;
        publish(
            &certificates,
            &chain.iter().map(Certificate::to_pem).collect::<String>(),
        )?;
        Ok(Self { key, chain })
    }
}

impl Identity {
    /// Reads the document signer of a development server, making the issuing authority (IACA) and the signer where they
    /// are missing or end soon. Its key is another one than that of the issuer.
    pub fn load_or_create_document_signer(
        folder: &Path,
        name: &str,
        base: &HttpsUrl,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        let random = &mut SystemRandom::new();
        let (iaca_file, iaca_key_file) = (folder.join("iaca.pem"), folder.join("iaca.key"));
        let (certificates, key_file) = (folder.join("document-signer.pem"), folder.join("document-signer.key"));
        let authority = if iaca_file.exists() {
            CertificateAuthority::from_pem(&read(&iaca_file)?, &read(&iaca_key_file)?)
                .map_err(|error| IdentityError::bad(&iaca_file, error))?
        } else {
            let validity = Validity::new(Some(now.plus(-DAY)), Some(now.plus(9 * 365 * DAY)));
            let root = CertificateName::new(format!("{name} (test IACA)")).country("DE");
            let made = CertificateAuthority::generate_iaca(root, base.as_str(), Curve::P256, validity, random)
                .map_err(|error| IdentityError::bad(&iaca_file, error))?;
            let key = made
                .key_to_pem()
                .map_err(|error| IdentityError::bad(&iaca_key_file, error))?;
            store(&iaca_key_file, key.as_bytes())?;
            publish(&iaca_file, &made.to_pem())?;
            made
        };
        if let Ok(identity) = Self::read_from(&certificates, &key_file)
            && identity.chain[0].check_validity(now.plus(30 * DAY)).is_ok()
        {
            return Ok(identity);
        }
        let key = SigningKey::generate(Curve::P256, random);
        let profile = LeafProfile::new(CertificateName::new(format!("{name} (test document signer)")).country("DE"));
        let validity = Validity::new(Some(now.plus(-DAY)), Some(now.plus(365 * DAY)));
        // Annex B.1.4 wants the address of a revocation list; a development server publishes none.
        let crl = base.join("crl");
        let leaf = authority
            .issue_document_signer(&profile, &PublicKey::from(&key), crl.as_str(), validity, random)
            .map_err(|error| IdentityError::bad(&certificates, error))?;
        let chain = authority.chain_of(&leaf);
        let pem = key
            .to_pkcs8_pem()
            .map_err(|error| IdentityError::bad(&key_file, error))?;
        store(&key_file, pem.as_bytes())?;
        publish(
            &certificates,
            &chain.iter().map(Certificate::to_pem).collect::<String>(),
        )?;
        Ok(Self { key, chain })
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, IdentityError> {
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| IdentityError::file(path, &error))
}

fn store(path: &Path, content: &[u8]) -> Result<(), IdentityError> {
    write_private(path, content).map_err(|error| IdentityError::file(path, &error))
}

fn publish(path: &Path, content: &str) -> Result<(), IdentityError> {
    fs::write(path, content).map_err(|error| IdentityError::file(path, &error))
}

/// Why a server has no identity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityError {
    /// A file does not hold what it should.
    Bad {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        kind: io::ErrorKind,
    },
}

impl IdentityError {
    fn bad(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Bad {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    fn file(path: &Path, error: &io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            kind: error.kind(),
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::File { path, kind } => write!(f, "{}: {kind}", path.display()),
        }
    }
}

impl std::error::Error for IdentityError {}
