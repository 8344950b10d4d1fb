//! What the app learns about a credential: the assessment of the core as a record.

use wallet_core::verifier::{Assessment, CheckOutcome};

/// What was found out about one credential or presentation.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[non_exhaustive]
pub struct Judgement {
    /// The format it was judged as: `dc+sd-jwt`, `sd-jwt`, `mso_mdoc`.
    pub format: String,
    /// The sum of the checks; nothing but `accepted` is good.
    pub verdict: Verdict,
    /// The reason, unless it is accepted.
    pub code: Option<String>,
    /// Every check, the most important first.
    pub checks: Vec<Check>,
    /// The claims as JSON, if origin and integrity passed; the verdict says whether they may be relied on.
    pub claims: Option<String>,
    /// The name of the issuer, if the origin passed.
    pub issuer: Option<String>,
    /// The status lists that the credential names, to be fetched and given to `add_status_list`, or to
    /// `add_status_list_bytes` where the list is a CWT.
    pub status_lists: Vec<String>,
    /// The media types to ask for (`Accept`), one for each list.
    pub status_types: Vec<String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[non_exhaustive]
pub struct Check {
    /// Which: `origin`, `integrity`, `validity`, `status`, `binding`.
    pub check: String,
    /// How it went.
    pub outcome: Outcome,
    /// The reason, unless it passed.
    pub code: Option<String>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum Outcome {
    /// It failed.
    Fail,
    /// It passed.
    Pass,
    /// It cannot be told.
    Unknown,
}

/// The sum of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum Verdict {
    /// Every check passed.
    Accepted,
    /// A check failed.
    Refused,
    /// No check failed, but one cannot be told.
    Undetermined,
}

impl From<&Assessment> for Judgement {
    fn from(assessment: &Assessment) -> Self {
        let check = |check: &wallet_core::verifier::Check| Check {
            check: check.name.name().to_owned(),
            outcome: (&check.outcome).into(),
            code: check.outcome.code().map(str::to_owned),
        };
        Self {
            format: assessment.format.clone(),
            verdict: assessment.verdict().into(),
            code: assessment.code().map(str::to_owned),
            checks: assessment.checks.iter().map(check).collect(),
            claims: assessment.claims().map(ToString::to_string),
            issuer: assessment.issuer.as_ref().map(|issuer| issuer.name.clone()),
            status_lists: assessment.status_uris.clone(),
            status_types: assessment
                .status_references
                .iter()
                .map(|reference| reference.media_type().to_owned())
                .collect(),
        }
    }
}

impl From<&CheckOutcome> for Outcome {
    fn from(outcome: &CheckOutcome) -> Self {
        match outcome {
            CheckOutcome::Fail(_) => Self::Fail,
            CheckOutcome::Pass => Self::Pass,
            // What is not known here is not good.
            _ => Self::Unknown,
        }
    }
}

impl From<wallet_core::verifier::Verdict> for Verdict {
    fn from(verdict: wallet_core::verifier::Verdict) -> Self {
        match verdict {
            wallet_core::verifier::Verdict::Accepted => Self::Accepted,
            wallet_core::verifier::Verdict::Undetermined => Self::Undetermined,
            // What is not known here is not good.
            _ => Self::Refused,
        }
    }
}

impl std::fmt::Debug for Judgement {
    /// Names verdict and checks, never claims.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judgement")
            .field("verdict", &self.verdict)
            .field("code", &self.code)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}
