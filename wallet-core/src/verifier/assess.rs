//! Judging one credential or presentation, check by check.

use super::{Assessment, Check, CheckName, CheckOutcome};
use crate::codec::{Budget, Json, Object};
use crate::credential::sd_jwt::{KeyBinding, Kind, SdJwt, SdJwtError, VerifyOptions};
use crate::credential::{Unverified, Verified};
use crate::status::{Status, StatusEvidence};
use crate::time::Timestamp;
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
    /// As SD-JWT VC if its `typ` or a `vct` says so, else as plain SD-JWT.
    #[default]
    Auto,
    /// As SD-JWT VC: `dc+sd-jwt`.
    DcSdJwt,
    /// As plain SD-JWT (RFC 9901).
    SdJwt,
}

impl FormatChoice {
    /// The choice of this name: `auto`, `dc+sd-jwt`, `sd-jwt`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "dc+sd-jwt" => Some(Self::DcSdJwt),
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

    fn verify_options(&self, kind: Kind, bound: Bound, timely: Timely) -> VerifyOptions {
        let options = match (&self.key_binding, bound) {
            (Some(binding), Bound::AsAsked) => VerifyOptions::presentation(binding.clone()),
            _ => VerifyOptions::at_rest(),
        };
        let options = options.with_kind(kind).with_skew(match timely {
            Timely::Now => self.skew,
            Timely::Whenever => FOR_EVER,
        });
        match &self.key_binding {
            Some(binding) => options.with_audience(&binding.audience),
            None => options,
        }
    }
}

/// More seconds than RFC 3339 has.
const FOR_EVER: i64 = 1_000_000_000_000;

#[derive(Clone, Copy)]
enum Bound {
    AsAsked,
    AtRest,
}

#[derive(Clone, Copy)]
enum Timely {
    Now,
    Whenever,
}

/// Judges a credential or presentation: an SD-JWT, compact or in JSON.
///
/// It never fails: what cannot be read is refused, with the reason at `integrity`. Where one check fails the others
/// still say what they can; those that have no ground to stand on are unknown. The status is taken from the lists at
/// hand; [`Assessment::status_uris`] says which are needed.
pub fn assess(text: &str, options: &AssessOptions<'_>) -> Assessment {
    let text = text.trim();
    let parsed = match parse(text, options) {
        Ok(parsed) => parsed,
        Err(error) => {
            let format = match options.format {
                FormatChoice::SdJwt => "sd-jwt",
                _ => "dc+sd-jwt",
            };
            let mut assessment = Assessment::new(format, options.at);
            assessment.fail(CheckName::Integrity, &error);
            assessment.leave_open(options, "assessment.unreadable");
            return assessment;
        }
    };
    let kind = match options.format {
        FormatChoice::SdJwt => Kind::Plain,
        FormatChoice::DcSdJwt => Kind::Vc,
        FormatChoice::Auto => kind_of(parsed.inner()),
    };
    let format = if kind == Kind::Vc { "dc+sd-jwt" } else { "sd-jwt" };
    let mut assessment = Assessment::new(format, options.at);
    let full = options.verify_options(kind, Bound::AsAsked, Timely::Now);
    match parsed.verify(options.trust, &full, options.at) {
        Ok(verified) => {
            assessment.pass(CheckName::Validity, validity_evidence(verified.credential()));
            if options.key_binding.is_some() {
                assessment.pass(CheckName::Binding, binding_evidence(options));
            }
            assessment.take(&verified, options);
        }
        Err(error) => assessment.explain(text, kind, &error, options),
    }
    assessment
}

fn parse(text: &str, options: &AssessOptions<'_>) -> Result<Unverified<SdJwt>, SdJwtError> {
    let budget = &mut options.budget.clone();
    if text.starts_with('{') {
        Unverified::<SdJwt>::parse_json(text.as_bytes(), budget)
    } else {
        Unverified::<SdJwt>::parse(text, budget)
    }
}

/// By `typ`, also that of older drafts, or by `vct`: whoever drops or changes the `typ` of an SD-JWT VC must not get it
/// judged by looser rules.
fn kind_of(credential: &SdJwt) -> Kind {
    let header = credential.header();
    let named = |typ| header.expect_typ(typ).is_ok();
    if named("dc+sd-jwt") || named("vc+sd-jwt") || credential.claims().contains("vct") {
        Kind::Vc
    } else {
        Kind::Plain
    }
}

/// Which check an error of the format belongs to.
fn check_of(error: &SdJwtError) -> CheckName {
    match error {
        SdJwtError::Trust(_) => CheckName::Origin,
        SdJwtError::AudienceMismatch | SdJwtError::OutsideValidity(_) => CheckName::Validity,
        SdJwtError::HolderKey(_)
        | SdJwtError::HolderKeyMissing
        | SdJwtError::KeyBinding(_)
        | SdJwtError::KeyBindingAudience
        | SdJwtError::KeyBindingClaim(_)
        | SdJwtError::KeyBindingInFuture { .. }
        | SdJwtError::KeyBindingMissing
        | SdJwtError::KeyBindingNonce
        | SdJwtError::KeyBindingSdHash
        | SdJwtError::KeyBindingTooOld { .. }
        | SdJwtError::KeyBindingUnexpected => CheckName::Binding,
        _ => CheckName::Integrity,
    }
}

impl Assessment {
    fn fail(&mut self, name: CheckName, error: &SdJwtError) {
        let code = error.code().to_owned();
        // Whoever was not asked for keys may well be the issuer.
        let outcome = match error {
            SdJwtError::Trust(TrustError::KeysNotAtHand) => CheckOutcome::Unknown(code),
            _ => CheckOutcome::Fail(code),
        };
        self.push(Check::new(name, outcome));
    }

    fn pass(&mut self, name: CheckName, evidence: Object) {
        self.push(Check::new(name, CheckOutcome::Pass).with_evidence(evidence));
    }

    /// Marks every check that has no outcome yet.
    fn leave_open(&mut self, options: &AssessOptions<'_>, code: &str) {
        let binding = options.key_binding.is_some();
        for name in CheckName::ALL {
            let belongs = match name {
                CheckName::Binding => binding,
                CheckName::Query => false,
                _ => true,
            };
            if belongs && self.check(name).is_none() {
                self.push(Check::new(name, CheckOutcome::Unknown(code.to_owned())));
            }
        }
    }

    /// What an authentic and intact credential says.
    fn take(&mut self, verified: &Verified<SdJwt>, options: &AssessOptions<'_>) {
        let credential = verified.credential();
        self.issuer = Some(verified.issuer().clone());
        self.type_names = credential.type_names().into_iter().map(str::to_owned).collect();
        let is_test = credential.claims().get("test").and_then(Json::as_bool) == Some(true);
        if options.refuse_tests && is_test {
            let fail = CheckOutcome::Fail("trust.test_credential".to_owned());
            self.push(Check::new(CheckName::Origin, fail).with_evidence(origin_evidence(verified.issuer())));
        } else {
            self.set_claims(credential.claims().clone());
            self.pass(CheckName::Origin, origin_evidence(verified.issuer()));
        }
        self.pass(CheckName::Integrity, Object::new());
        if let Ok(Some(reference)) = credential.status_reference() {
            self.status_uris.push(reference.uri);
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

    /// A check failed: finds out what the others say.
    fn explain(&mut self, text: &str, kind: Kind, error: &SdJwtError, options: &AssessOptions<'_>) {
        let name = check_of(error);
        self.fail(name, error);
        let Ok(parsed) = parse(text, options) else {
            return self.leave_open(options, "assessment.unreadable");
        };
        match name {
            CheckName::Origin => return self.leave_open(options, "assessment.origin_failed"),
            CheckName::Integrity => {
                match options.trust.resolve_issuer(&parsed.issuer_claim(), options.at) {
                    Ok(issuer) => {
                        // Whether the issuer is behind this text is just what failed: it is known, no more.
                        let evidence = origin_evidence(&issuer);
                        let code = CheckOutcome::Unknown("assessment.integrity_failed".to_owned());
                        self.push(Check::new(CheckName::Origin, code).with_evidence(evidence));
                    }
                    Err(error) => self.fail(CheckName::Origin, &error.into()),
                }
                return self.leave_open(options, "assessment.integrity_failed");
            }
            _ => {}
        }
        // The rest of the text by itself, at whatever time: what was signed, and by whom.
        let budget = &mut options.budget.clone();
        let Ok(bare) = Unverified::<SdJwt>::parse(&parsed.inner().to_compact(), budget) else {
            return self.leave_open(options, "assessment.unreadable");
        };
        let at_rest = options.verify_options(kind, Bound::AtRest, Timely::Whenever);
        match bare.verify(options.trust, &at_rest, options.at) {
            Ok(verified) => {
                if name != CheckName::Validity {
                    let validity = verified.credential().validity();
                    match validity.check(options.at, options.skew) {
                        Ok(()) => self.pass(CheckName::Validity, validity_evidence(verified.credential())),
                        Err(outside) => self.fail(CheckName::Validity, &outside.into()),
                    }
                }
                self.take(&verified, options);
            }
            Err(other) if check_of(&other) != name => self.fail(check_of(&other), &other),
            Err(_) => {}
        }
        if name != CheckName::Binding && options.key_binding.is_some() && self.claims().is_some() {
            let whenever = options.verify_options(kind, Bound::AsAsked, Timely::Whenever);
            match parsed.verify(options.trust, &whenever, options.at) {
                Ok(_) => self.pass(CheckName::Binding, binding_evidence(options)),
                Err(error) if check_of(&error) == CheckName::Binding => self.fail(CheckName::Binding, &error),
                Err(_) => {}
            }
        }
        self.leave_open(options, "assessment.not_reached");
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

fn validity_evidence(credential: &SdJwt) -> Object {
    let validity = credential.validity();
    let text = |at: Option<Timestamp>| at.map(|at| Json::from(at.to_string()));
    Object::new()
        .with("not_before", text(validity.not_before))
        .with("expires", text(validity.expires))
}

fn binding_evidence(options: &AssessOptions<'_>) -> Object {
    let binding = options.key_binding.as_ref();
    Object::new().with("audience", binding.map(|binding| Json::from(binding.audience.as_str())))
}
