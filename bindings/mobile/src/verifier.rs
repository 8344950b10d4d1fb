//! Verification for apps: trust and status lists behind an object, everything else by value.

use std::sync::{PoisonError, RwLock};

use wallet_core::credential::mdoc::{DeviceBinding, SessionTranscript};
use wallet_core::status::StatusEvidence;
use wallet_core::time::Timestamp;
use wallet_core::trust::pack::read_anchor_file;
use wallet_core::trust::{Role, TrustStore};
use wallet_core::verifier::{AssessOptions, Assessment, assess, assess_all};

use crate::{ErrorKind, Judgement, Verdict, WalletError};

/// A presentation is made for the moment; ten minutes forgive slow people and clocks.
const PRESENTATION_AGE: i64 = 600;

/// What an issuer is known by: certificates in PEM or DER, a JWK, a JWKS, or issuer metadata with keys.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[non_exhaustive]
pub struct AnchorFile {
    /// The content of the file.
    pub bytes: Vec<u8>,
}

/// Production or test: anchors of the two never mix in one verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum Environment {
    /// Real anchors.
    Production,
    /// Test and demonstration anchors; nothing accepted counts in production.
    Test,
}

/// What the key binding of a presentation must answer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[non_exhaustive]
pub struct KeyBinding {
    /// The nonce that was asked with.
    pub nonce: String,
    /// Who asked.
    pub audience: String,
}

/// The session that the device of an mdoc (ISO 18013-5) must have answered.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum DocumentSession {
    /// A request by link or QR code, answered by post (OpenID4VP 1.0).
    Redirect {
        /// Who asked: the client identifier with its prefix.
        client_id: String,
        /// The nonce that was asked with.
        nonce: String,
        /// Where the answer went.
        response_uri: String,
        /// The RFC 7638 thumbprint (SHA-256) of the key that the answer was encrypted to, if it was.
        jwk_thumbprint: Option<Vec<u8>>,
    },
    /// A request through the Digital Credentials API.
    Page {
        /// The origin of the page that asked.
        origin: String,
        /// The nonce that was asked with.
        nonce: String,
        /// The RFC 7638 thumbprint (SHA-256) of the key that the answer was encrypted to, if it was.
        jwk_thumbprint: Option<Vec<u8>>,
    },
    /// Any other: its `SessionTranscript` in CBOR.
    Transcript {
        /// The encoded transcript.
        bytes: Vec<u8>,
    },
}

/// Judges credentials against the issuers that it trusts.
#[derive(Debug, uniffi::Object)]
pub struct Verifier {
    trust: TrustStore,
    evidence: RwLock<StatusEvidence>,
}

#[uniffi::export]
impl Verifier {
    /// Trusts the issuers of these files; one that cannot be read is refused with all.
    #[uniffi::constructor]
    pub fn new(anchors: Vec<AnchorFile>, environment: Environment) -> Result<Self, WalletError> {
        let mut trust = TrustStore::new(environment.into());
        for file in &anchors {
            for anchor in read_anchor_file(&file.bytes)? {
                trust.add(Role::Issuers, anchor)?;
            }
        }
        Ok(Self {
            trust,
            evidence: RwLock::default(),
        })
    }

    /// Judges a credential, or with `key_binding` a presentation, for the time `at_unix`.
    #[uniffi::method(default(key_binding = None))]
    pub fn verify(&self, text: &str, at_unix: i64, key_binding: Option<KeyBinding>) -> Judgement {
        let evidence = self.evidence.read().unwrap_or_else(PoisonError::into_inner);
        Judgement::from(&self.assess(text.as_bytes(), at_unix, key_binding.as_ref(), &evidence))
    }

    /// Judges an mdoc, as bytes, for the time `at_unix`: an `IssuerSigned`, or with `session` a `DeviceResponse`. Each
    /// document of a response has a judgement of its own; there is at least one.
    #[uniffi::method(default(session = None))]
    pub fn verify_document(
        &self,
        bytes: Vec<u8>,
        at_unix: i64,
        session: Option<DocumentSession>,
    ) -> Result<Vec<Judgement>, WalletError> {
        let at = Timestamp::from_unix(at_unix);
        let evidence = self.evidence.read().unwrap_or_else(PoisonError::into_inner);
        let mut options = AssessOptions::new(&self.trust, at).with_status(&evidence, at);
        if let Some(session) = session {
            options = options.with_device_binding(DeviceBinding::new(session.transcript()?));
        }
        let assessments = assess_all(&bytes, &options);
        Ok(assessments.iter().map(Judgement::from).collect())
    }

    /// Judges many credentials at rest: `offsets` are where in `bytes` each begins, and where the last one ends, as in
    /// a column of Arrow. The verdicts are in the same order.
    pub fn verify_many(&self, bytes: Vec<u8>, offsets: Vec<u64>, at_unix: i64) -> Result<Vec<Verdict>, WalletError> {
        let items = split(&bytes, &offsets)?;
        let at = Timestamp::from_unix(at_unix);
        // A copy, in which each list is checked once: whether it passes depends on `at`.
        let mut evidence = self.evidence.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut judge = |item: &[u8]| {
            let assessment = self.assess(item, at_unix, None, &evidence);
            if let Some(issuer) = &assessment.issuer {
                for reference in &assessment.status_references {
                    evidence.prepare_for(reference, issuer, at);
                }
            }
            assessment.verdict().into()
        };
        Ok(items.into_iter().map(&mut judge).collect())
    }

    /// Takes in the status list token that came from `uri` at `fetched_unix`. It is checked where it is used.
    pub fn add_status_list(&self, uri: &str, token: &str, fetched_unix: i64) {
        let mut evidence = self.evidence.write().unwrap_or_else(PoisonError::into_inner);
        evidence.add_token(uri, token, Timestamp::from_unix(fetched_unix));
    }

    /// As `add_status_list`, with the body as it came: a list as CWT, or a JWT.
    pub fn add_status_list_bytes(&self, uri: &str, body: &[u8], fetched_unix: i64) {
        let mut evidence = self.evidence.write().unwrap_or_else(PoisonError::into_inner);
        evidence.add_file(uri, body, Timestamp::from_unix(fetched_unix));
    }
}

impl Verifier {
    fn assess(&self, content: &[u8], at: i64, binding: Option<&KeyBinding>, evidence: &StatusEvidence) -> Assessment {
        let at = Timestamp::from_unix(at);
        let mut options = AssessOptions::new(&self.trust, at).with_status(evidence, at);
        if let Some(binding) = binding {
            options = options.with_key_binding(&binding.nonce, &binding.audience, PRESENTATION_AGE);
        }
        assess(content, &options)
    }
}

impl DocumentSession {
    fn transcript(&self) -> Result<SessionTranscript, WalletError> {
        match self {
            Self::Redirect {
                client_id,
                nonce,
                response_uri,
                jwk_thumbprint,
            } => Ok(SessionTranscript::openid4vp(
                client_id,
                nonce,
                jwk_thumbprint.as_deref(),
                response_uri,
            )),
            Self::Page {
                origin,
                nonce,
                jwk_thumbprint,
            } => Ok(SessionTranscript::openid4vp_dc_api(
                origin,
                nonce,
                jwk_thumbprint.as_deref(),
            )),
            Self::Transcript { bytes } => SessionTranscript::from_bytes(bytes).map_err(|error| {
                WalletError::new(
                    ErrorKind::Misuse,
                    error.code(),
                    "the session transcript cannot be read",
                    "give the encoded SessionTranscript of ISO 18013-5",
                )
            }),
        }
    }
}

/// The parts of `bytes` between each two offsets.
fn split<'a>(bytes: &'a [u8], offsets: &[u64]) -> Result<Vec<&'a [u8]>, WalletError> {
    let part = |pair: &[u64]| {
        let [begin, end] = [pair[0], pair[1]].map(|offset| usize::try_from(offset).ok());
        bytes.get(begin?..end?)
    };
    let parts = (!offsets.is_empty())
        .then(|| offsets.windows(2).map(part).collect())
        .flatten();
    parts.ok_or_else(|| {
        WalletError::new(
            ErrorKind::Misuse,
            "batch.offsets",
            "the offsets do not divide the bytes",
            "give one offset more than there are credentials, rising, none beyond the end of the bytes",
        )
    })
}

impl From<Environment> for wallet_core::trust::Environment {
    fn from(environment: Environment) -> Self {
        match environment {
            Environment::Production => Self::Production,
            Environment::Test => Self::Test,
        }
    }
}
