//! A verdict and everything it rests on.

use std::fmt;

use crate::codec::{Json, Object, base64url};
use crate::credential::StatusListReference;
use crate::crypto::sha256;
use crate::time::Timestamp;
use crate::trust::{Certificate, IssuerEvidence, TrustedIssuer};

/// What was found out about one credential or presentation.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assessment {
    /// Where it came from, as the caller named it.
    pub source: Option<String>,
    /// The format it was judged as.
    pub format: String,
    /// The time it was judged for, in seconds since 1970.
    pub at: i64,
    /// Every check in the order of importance.
    pub checks: Vec<Check>,
    /// The status lists that the credential names; known only once origin and integrity passed.
    pub status_uris: Vec<String>,
    /// Where its status is kept, for fetching the lists in the form that the credential asks for.
    pub status_references: Vec<StatusListReference>,
    /// The type and its further names.
    pub type_names: Vec<String>,
    /// Who issued it, if the origin passed.
    pub issuer: Option<TrustedIssuer>,
    /// Which document of a response it was, where there were several.
    pub document: Option<usize>,
    /// What the device says it did not return, beside what it did: document type and code.
    pub document_errors: Vec<(String, i64)>,
    /// The claims, only if origin and integrity passed.
    claims: Option<Object>,
    /// What the device says itself, only if the binding passed.
    pub(super) device_claims: Object,
    /// Whether its issuer marked it as one for tests.
    pub(super) is_test: bool,
    /// The person of a PID, where it answers a request.
    pub(super) person: Option<Object>,
    /// Whether it came in a `DeviceResponse`.
    pub(super) in_response: bool,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// How it went.
    pub outcome: CheckOutcome,
    /// What it rests on: names, identifiers and times, no claims.
    pub evidence: Object,
}

/// The checks that are kept apart (lessons S1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CheckName {
    /// Somebody who is trusted issued it.
    Origin,
    /// It is unaltered, and every part of it is well formed.
    Integrity,
    /// It is in its time.
    Validity,
    /// It is neither revoked nor suspended.
    Status,
    /// Its holder presents it, for this occasion.
    Binding,
    /// It is what was asked for.
    Query,
}

impl CheckName {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Integrity => "integrity",
            Self::Validity => "validity",
            Self::Status => "status",
            Self::Binding => "binding",
            Self::Query => "query",
        }
    }
}

/// How a check went.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// It failed, for the reason of this code.
    Fail(String),
    /// It passed.
    Pass,
    /// It cannot be told, for the reason of this code.
    Unknown(String),
}

impl CheckOutcome {
    /// `pass`, `fail` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fail(_) => "fail",
            Self::Pass => "pass",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The reason, unless it passed.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Fail(code) | Self::Unknown(code) => Some(code),
            Self::Pass => None,
        }
    }
}

/// The sum of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verdict {
    /// Every check passed.
    Accepted,
    /// No check failed, but one cannot be told.
    Undetermined,
    /// A check failed.
    Refused,
}

impl Verdict {
    /// `accepted`, `undetermined` or `refused`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Undetermined => "undetermined",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Check {
    pub(super) fn new(name: CheckName, outcome: CheckOutcome) -> Self {
        Self {
            name,
            outcome,
            evidence: Object::new(),
        }
    }

    pub(super) fn with_evidence(mut self, evidence: Object) -> Self {
        self.evidence = evidence;
        self
    }
}

impl Assessment {
    pub(super) fn new(format: &str, at: Timestamp) -> Self {
        Self {
            source: None,
            format: format.to_owned(),
            at: at.unix(),
            checks: Vec::new(),
            status_uris: Vec::new(),
            status_references: Vec::new(),
            type_names: Vec::new(),
            issuer: None,
            document: None,
            document_errors: Vec::new(),
            claims: None,
            device_claims: Object::new(),
            is_test: false,
            person: None,
            in_response: false,
        }
    }

    pub(super) fn set_claims(&mut self, claims: Object) {
        self.claims = Some(claims);
    }

    pub(super) fn push(&mut self, check: Check) {
        self.checks.push(check);
        self.checks.sort_by_key(|check| check.name);
    }

    /// The assessment with the caller's name for what was judged.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The check of this name; `None` if it had no place here, as the binding of a credential at rest.
    pub fn check(&self, name: CheckName) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Refused if any check failed, undetermined if any cannot be told, else accepted. Nothing checked is not accepted.
    pub fn verdict(&self) -> Verdict {
        let outcomes = || self.checks.iter().map(|check| &check.outcome);
        if outcomes().any(|outcome| matches!(outcome, CheckOutcome::Fail(_))) {
            Verdict::Refused
        } else if self.checks.is_empty() || outcomes().any(|outcome| matches!(outcome, CheckOutcome::Unknown(_))) {
            Verdict::Undetermined
        } else {
            Verdict::Accepted
        }
    }

    /// The reason of the verdict: that of the first failed check, else of the first that cannot be told.
    pub fn code(&self) -> Option<&str> {
        let failed = self.checks.iter().find_map(|check| match &check.outcome {
            CheckOutcome::Fail(code) => Some(code.as_str()),
            _ => None,
        });
        failed.or_else(|| self.checks.iter().find_map(|check| check.outcome.code()))
    }

    /// The claims, if origin and integrity passed; whether they may be relied on is for [`Assessment::verdict`] to say.
    pub fn claims(&self) -> Option<&Object> {
        self.claims.as_ref()
    }

    /// Whether its issuer marked it as one for tests (lessons S36); known only once origin and integrity passed.
    pub fn is_test(&self) -> bool {
        self.is_test
    }

    /// What the device of an mdoc says itself, if the binding passed: `{namespace: {element: value}}`. The issuer lets
    /// it, and vouches for none of it.
    pub fn device_claims(&self) -> &Object {
        &self.device_claims
    }

    /// Whom a PID that answers a request is about: its claims under their names in SD-JWT VC, the same for both formats.
    /// [`PidView::from_claims`](crate::rulebook::pid::PidView::from_claims) reads them.
    pub fn person(&self) -> Option<&Object> {
        self.person.as_ref()
    }

    /// Whether the binding rests on a MAC, which only who has the key can check again.
    pub(super) fn has_mac(&self) -> bool {
        let binding = self.check(CheckName::Binding);
        binding.is_some_and(|check| check.evidence.get("device_auth").and_then(Json::as_str) == Some("mac"))
    }

    /// The machine-readable form, one line: `source`, `format`, `verdict`, `code`, `checks`, `claims`. Each check has
    /// `check`, `outcome`, `code` and, if it rests on anything that can be named, `evidence`. Where there is anything to
    /// say, `person`, `document`, `device_claims` and `document_errors` follow.
    pub fn to_json(&self) -> Json {
        self.render(|check| {
            let evidence = check.evidence.clone();
            // Only here: who judges many asks for no evidence.
            let path = self.issuer.as_ref().filter(|_| check.name == CheckName::Origin);
            let evidence = evidence.with("path", path.and_then(path_of));
            (!evidence.is_empty()).then_some(Json::Object(evidence))
        })
    }

    /// As [`Assessment::to_json`] without what the checks rest on.
    pub fn to_summary(&self) -> Json {
        self.render(|_| None)
    }

    fn errors(&self) -> Object {
        let errors = self.document_errors.iter();
        errors
            .map(|(doctype, code)| (doctype.clone(), Json::from(*code)))
            .collect()
    }

    fn render(&self, evidence: impl Fn(&Check) -> Option<Json>) -> Json {
        let text = |text: Option<&str>| text.map_or(Json::Null, Json::from);
        let some = |object: &Object| (!object.is_empty()).then(|| Json::Object(object.clone()));
        let check = |check: &Check| {
            Json::Object(
                Object::new()
                    .with("check", Json::from(check.name.name()))
                    .with("outcome", Json::from(check.outcome.name()))
                    .with("code", text(check.outcome.code()))
                    .with("evidence", evidence(check)),
            )
        };
        Json::Object(
            Object::new()
                .with("source", text(self.source.as_deref()))
                .with("format", Json::from(self.format.as_str()))
                .with("verdict", Json::from(self.verdict().name()))
                .with("code", text(self.code()))
                .with("checks", Json::Array(self.checks.iter().map(check).collect()))
                .with("claims", self.claims.clone().map_or(Json::Null, Json::Object))
                .with("person", self.person.clone().map(Json::Object))
                .with("document", self.document.map(Json::from))
                .with("device_claims", some(&self.device_claims))
                .with("document_errors", some(&self.errors())),
        )
    }
}

/// The certificates from the signer to the anchor.
fn path_of(issuer: &TrustedIssuer) -> Option<Json> {
    let IssuerEvidence::Path(path) = &issuer.evidence else {
        return None;
    };
    let names = path.iter().map(|der| {
        let subject = Certificate::parse(der).map(|certificate| Json::from(certificate.display_name()));
        let named = Object::new().with("subject", subject.ok());
        Json::Object(named.with("sha256", Json::from(base64url::encode(sha256(der)))))
    });
    Some(Json::Array(names.collect()))
}

impl CheckName {
    pub(super) const ALL: [Self; 6] = [
        Self::Origin,
        Self::Integrity,
        Self::Validity,
        Self::Status,
        Self::Binding,
        Self::Query,
    ];
}

impl fmt::Debug for Assessment {
    /// Names verdict and checks, never claims.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assessment({}", self.verdict())?;
        for check in &self.checks {
            write!(f, ", {}: {}", check.name.name(), check.outcome.name())?;
            if let Some(code) = check.outcome.code() {
                write!(f, " {code}")?;
            }
        }
        f.write_str(")")
    }
}
