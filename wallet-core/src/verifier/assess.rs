//! Judging one credential or presentation, check by check.

mod mdoc;
mod sd_jwt;

use super::input::Input;
use super::{Assessment, Check, CheckName, CheckOutcome};
use crate::codec::{Budget, Json, Object};
use crate::credential::Verified;
use crate::credential::mdoc::DeviceBinding;
use crate::credential::sd_jwt::KeyBinding;
use crate::status::{HasStatus, Status, StatusEvidence};
use crate::time::{Timestamp, Validity};
use crate::trust::{Environment, IssuerEvidence, TrustError, TrustStore, TrustedIssuer};

/// By what a credential is judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssessOptions<'a> {
    /// The issuers that count.
    pub trust: &'a TrustStore,
    /// The time that counts.
    pub at: Timestamp,
    /// As which format it is read.
    pub format: FormatChoice,
    /// What the key binding must answer; `None` judges a credential at rest, where one is refused.
    pub key_binding: Option<KeyBinding>,
    /// The session that the device of an mdoc must have answered; without it the binding of one that is presented
    /// cannot be told.
    pub device_binding: Option<DeviceBinding<'a>>,
    /// The status lists at hand.
    pub status: Option<&'a StatusEvidence>,
    /// The time for which the status counts.
    pub status_at: Timestamp,
    /// By how many seconds clocks may differ.
    pub skew: i64,
    /// Whether a credential that its issuer marked as one for tests is refused (lessons S36): so by whoever judges for
    /// production by declared anchors, not by a look at a single file.
    pub refuse_tests: bool,
    /// What one input may cost.
    pub budget: Budget,
}

/// As which format an input is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatChoice {
    /// By content: as an mdoc if it is a CBOR map, as SD-JWT VC if its `typ` or a `vct` says so, else as plain SD-JWT.
    #[default]
    Auto,
    /// As SD-JWT VC: `dc+sd-jwt`.
    DcSdJwt,
    /// As an mdoc of ISO 18013-5 that is presented: a `DeviceResponse`.
    DeviceResponse,
    /// As an mdoc of ISO 18013-5 at rest: an `IssuerSigned`.
    MsoMdoc,
    /// As plain SD-JWT (RFC 9901).
    SdJwt,
}

impl FormatChoice {
    /// The choice of this name: `auto`, `dc+sd-jwt`, `device-response`, `mso_mdoc` (or `mdoc`), `sd-jwt`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "dc+sd-jwt" => Some(Self::DcSdJwt),
            "device-response" => Some(Self::DeviceResponse),
            "mdoc" | "mso_mdoc" => Some(Self::MsoMdoc),
            "sd-jwt" => Some(Self::SdJwt),
            _ => None,
        }
    }
}

impl<'a> AssessOptions<'a> {
    /// A credential at rest, judged for the time `at`, with no status lists at hand.
    pub fn new(trust: &'a TrustStore, at: Timestamp) -> Self {
        Self {
            trust,
            at,
            format: FormatChoice::Auto,
            key_binding: None,
            device_binding: None,
            status: None,
            status_at: at,
            skew: 60,
            refuse_tests: false,
            budget: Budget::default(),
        }
    }

    /// A presentation that answers `nonce`, for `audience`, at most `most_age` seconds old.
    #[must_use]
    pub fn with_key_binding(mut self, nonce: &str, audience: &str, most_age: i64) -> Self {
        let mut binding = KeyBinding::new(nonce, audience);
        binding.max_age = most_age;
        self.key_binding = Some(binding);
        self
    }

    /// A presentation whose device, if it is an mdoc, answers this session.
    #[must_use]
    pub fn with_device_binding(mut self, binding: DeviceBinding<'a>) -> Self {
        self.device_binding = Some(binding);
        self
    }

    /// The same without key binding.
    #[must_use]
    pub fn without_key_binding(&self) -> Self {
        Self {
            key_binding: None,
            ..self.clone()
        }
    }

    /// The same with status lists, which count for the time `at`.
    #[must_use]
    pub fn with_status(mut self, status: &'a StatusEvidence, at: Timestamp) -> Self {
        self.status = Some(status);
        self.status_at = at;
        self
    }

    /// The same, with credentials for tests refused if the anchors are those of production.
    #[must_use]
    pub fn for_production(mut self) -> Self {
        self.refuse_tests = self.trust.environment() == Environment::Production;
        self
    }

    /// The same, read as this format.
    #[must_use]
    pub fn with_format(mut self, format: FormatChoice) -> Self {
        self.format = format;
        self
    }

    /// Whether a presentation is expected.
    fn expects_binding(&self) -> bool {
        self.key_binding.is_some() || self.device_binding.is_some()
    }
}

/// More seconds than RFC 3339 has.
const FOR_EVER: i64 = 1_000_000_000_000;

/// Judges one credential or presentation, as text or as bytes: an SD-JWT, compact or in JSON; an mdoc, as bytes, in
/// base64url or in hexadecimal digits.
///
/// It never fails: what cannot be read is refused, with the reason at `integrity`. Where one check fails the others
/// still say what they can; those that have no ground to stand on are unknown. The status is taken from the lists at
/// hand; [`Assessment::status_uris`] says which are needed. Several documents in one response are refused: see
/// [`assess_all`].
pub fn assess(input: impl AsRef<[u8]>, options: &AssessOptions<'_>) -> Assessment {
    match Input::recognise(input.as_ref(), options.format) {
        Input::Text(text) => sd_jwt::assess(&text, options),
        Input::Cbor(bytes) => mdoc::assess_one(&bytes, options),
    }
}

/// As [`assess`], with an assessment for each document of a `DeviceResponse`: each has its own issuer, and none
/// vouches for another. There is at least one.
pub fn assess_all(input: impl AsRef<[u8]>, options: &AssessOptions<'_>) -> Vec<Assessment> {
    match Input::recognise(input.as_ref(), options.format) {
        Input::Text(text) => vec![sd_jwt::assess(&text, options)],
        Input::Cbor(bytes) => mdoc::assess_all(&bytes, options),
    }
}

impl Assessment {
    fn fail(&mut self, name: CheckName, code: &str) {
        self.push(Check::new(name, CheckOutcome::Fail(code.to_owned())));
    }

    fn unknown(&mut self, name: CheckName, code: &str) {
        self.push(Check::new(name, CheckOutcome::Unknown(code.to_owned())));
    }

    /// Whoever was not asked for keys may well be the issuer.
    fn distrust(&mut self, error: &TrustError) {
        match error {
            TrustError::KeysNotAtHand => self.unknown(CheckName::Origin, error.code()),
            _ => self.fail(CheckName::Origin, error.code()),
        }
    }

    fn pass(&mut self, name: CheckName, evidence: Object) {
        self.push(Check::new(name, CheckOutcome::Pass).with_evidence(evidence));
    }

    /// Marks every check that has no outcome yet.
    fn leave_open(&mut self, binding: Expected, code: &str) {
        for name in CheckName::ALL {
            let belongs = match name {
                CheckName::Binding => binding == Expected::Yes,
                CheckName::Query => false,
                _ => true,
            };
            if belongs && self.check(name).is_none() {
                self.unknown(name, code);
            }
        }
    }

    /// What an authentic and intact credential says.
    fn take<T: HasStatus>(
        &mut self,
        verified: &Verified<T>,
        claims: &Object,
        is_test: bool,
        integrity: Object,
        options: &AssessOptions<'_>,
    ) {
        self.issuer = Some(verified.issuer().clone());
        self.is_test = is_test;
        if options.refuse_tests && is_test {
            let fail = CheckOutcome::Fail("trust.test_credential".to_owned());
            self.push(Check::new(CheckName::Origin, fail).with_evidence(origin_evidence(verified.issuer())));
        } else {
            self.set_claims(claims.clone());
            self.pass(CheckName::Origin, origin_evidence(verified.issuer()));
        }
        self.pass(CheckName::Integrity, integrity);
        if let Ok(Some(reference)) = verified.credential().status_reference() {
            self.status_uris.push(reference.uri.clone());
            self.status_references.push(reference);
        }
        let none = StatusEvidence::new();
        let status = verified.status(options.status.unwrap_or(&none), options.status_at);
        let outcome = match &status {
            Status::Valid | Status::Untracked => CheckOutcome::Pass,
            Status::Unknown(reason) => CheckOutcome::Unknown(reason.code().to_owned()),
            Status::Revoked => CheckOutcome::Fail("status.revoked".to_owned()),
            Status::Suspended => CheckOutcome::Fail("status.suspended".to_owned()),
            _ => CheckOutcome::Fail("status.unknown_value".to_owned()),
        };
        let uri = self.status_uris.first();
        let fetched = uri.and_then(|uri| options.status?.fetched(uri));
        let evidence = Object::new()
            .with("status", Json::from(status.name()))
            .with("list", uri.map(|uri| Json::from(uri.as_str())))
            .with("fetched", fetched.map(|at| Json::from(at.to_string())));
        self.push(Check::new(CheckName::Status, outcome).with_evidence(evidence));
    }
}

/// Whether a proof of the holder is expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Yes,
    No,
}

impl From<bool> for Expected {
    fn from(expected: bool) -> Self {
        if expected { Self::Yes } else { Self::No }
    }
}

fn origin_evidence(issuer: &TrustedIssuer) -> Object {
    let by = match &issuer.evidence {
        IssuerEvidence::Path(_) => "certificate_path",
        IssuerEvidence::PinnedKey => "pinned_key",
        IssuerEvidence::WebKeys => "web_keys",
    };
    Object::new()
        .with("issuer", Json::from(issuer.name.as_str()))
        .with("identifier", issuer.identifier.as_deref().map(Json::from))
        .with("by", Json::from(by))
        .with("key", Json::from(issuer.key.thumbprint()))
        .with("environment", Json::from(issuer.environment.name()))
}

fn validity_evidence(validity: Validity) -> Object {
    let text = |at: Option<Timestamp>| at.map(|at| Json::from(at.to_string()));
    Object::new()
        .with("not_before", text(validity.not_before))
        .with("expires", text(validity.expires))
}
