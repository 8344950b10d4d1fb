//! What came back, compared with what was asked for.

use super::Question;
use crate::codec::{Budget, Json, Object};
use crate::credential::mdoc::DeviceResponse;
use crate::credential::{ClaimPath, StatusListReference};
use crate::protocol::mdoc::ItemsRequest;
use crate::verifier::{Assessment, Check, CheckName, CheckOutcome, Verdict};

/// What came back for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The documents, in the holder's order; where there is none, one assessment that says why.
    pub documents: Vec<DocumentReading>,
    /// The types that were asked for and did not come. Whether the holder said no or has none, nobody can tell.
    pub not_returned: Vec<String>,
}

/// What came back of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentReading {
    /// Every check; `query` says whether it is what was asked for.
    pub assessment: Assessment,
    /// The type that it says to be of; `None` if that cannot be read.
    pub doctype: Option<String>,
    /// What was asked for and did not come.
    pub missing: Vec<ClaimPath>,
    /// What came and was not asked for.
    pub not_requested: Vec<ClaimPath>,
}

impl Reading {
    pub(super) fn new(assessments: Vec<Assessment>, response: &[u8], asked: Option<&Question>) -> Self {
        let asked = asked.map(Question::items).unwrap_or_default();
        let parsed = DeviceResponse::parse(response, &mut Budget::default());
        let documents = parsed.map(|parsed| parsed.documents).unwrap_or_default();
        let doctypes: Vec<String> = documents.iter().map(|document| document.doctype().to_owned()).collect();
        let mut open: Vec<&ItemsRequest> = asked.iter().collect();
        let mut readings = Vec::new();
        for (place, assessment) in assessments.into_iter().enumerate() {
            let doctype = doctypes.get(place).cloned();
            let of_type = |items: &&ItemsRequest| Some(items.doctype()) == doctype.as_deref();
            let items = match open.iter().position(of_type) {
                Some(place) => Some(open.remove(place)),
                // A second document for one request is still of a type that was asked for.
                None => asked.iter().find(of_type),
            };
            readings.push(DocumentReading::new(assessment, doctype, items));
        }
        Self {
            documents: readings,
            not_returned: open.iter().map(|items| items.doctype().to_owned()).collect(),
        }
    }

    /// Refused if any document is, or one did not come; undetermined if any is; else accepted.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.documents.iter().map(|document| document.assessment.verdict());
        let worst = verdicts.max().unwrap_or(Verdict::Refused);
        match self.not_returned.is_empty() {
            true => worst,
            false => Verdict::Refused,
        }
    }

    /// The reason of the verdict.
    pub fn code(&self) -> Option<&str> {
        let worst = self.verdict();
        let mut worst = self
            .documents
            .iter()
            .filter(|document| document.assessment.verdict() == worst);
        let code = worst.find_map(|document| document.assessment.code());
        code.or((!self.not_returned.is_empty()).then_some("reader.not_returned"))
    }

    /// Where the status of the documents is kept.
    pub fn status_references(&self) -> impl Iterator<Item = &StatusListReference> {
        let documents = self.documents.iter();
        documents.flat_map(|document| &document.assessment.status_references)
    }

    /// The machine-readable form: `verdict`, `code`, `documents` as [`Assessment::to_json`] with `doctype`, `missing`
    /// and `not_requested`, and `not_returned`.
    pub fn to_json(&self) -> Object {
        let paths = |paths: &[ClaimPath]| Json::Array(paths.iter().map(ClaimPath::to_json).collect());
        let documents = self.documents.iter().map(|document| {
            let json = document.assessment.to_json();
            let assessment = json.as_object().cloned().unwrap_or_default();
            let whole = assessment
                .with("doctype", document.doctype.as_deref().map(Json::from))
                .with("missing", paths(&document.missing))
                .with("not_requested", paths(&document.not_requested));
            Json::Object(whole)
        });
        let types = self.not_returned.iter().map(|doctype| Json::from(doctype.as_str()));
        Object::new()
            .with("verdict", Json::from(self.verdict().name()))
            .with("code", self.code().map_or(Json::Null, Json::from))
            .with("documents", Json::Array(documents.collect()))
            .with("not_returned", Json::Array(types.collect()))
    }
}

impl DocumentReading {
    fn new(mut assessment: Assessment, doctype: Option<String>, items: Option<&ItemsRequest>) -> Self {
        let mut missing = Vec::new();
        let mut not_requested = Vec::new();
        let outcome = match (items, assessment.claims()) {
            _ if doctype.is_none() => CheckOutcome::Unknown("assessment.unreadable".to_owned()),
            (None, _) => CheckOutcome::Fail("reader.doctype_not_requested".to_owned()),
            // Nothing vouches for what is in it.
            (Some(_), None) => CheckOutcome::Unknown("assessment.not_reached".to_owned()),
            (Some(items), Some(claims)) => {
                let returned = || {
                    let name_spaces = claims.iter();
                    name_spaces.flat_map(|(name_space, elements)| {
                        let elements = elements.as_object().into_iter().flat_map(Object::iter);
                        elements.map(move |(name, _)| (name_space, name))
                    })
                };
                for (name_space, name, _) in items.elements() {
                    let mut given = returned();
                    if !given.any(|(other, given)| other == name_space && answers(name_space, name, given)) {
                        missing.push(ClaimPath::of_keys(name_space, &[name]));
                    }
                }
                for (name_space, given) in returned() {
                    let mut asked = items.elements();
                    if !asked.any(|(other, name, _)| other == name_space && answers(name_space, name, given)) {
                        not_requested.push(ClaimPath::of_keys(name_space, &[given]));
                    }
                }
                match missing.is_empty() {
                    true => CheckOutcome::Pass,
                    false => CheckOutcome::Fail("reader.element_missing".to_owned()),
                }
            }
        };
        let paths = |paths: &[ClaimPath]| {
            let paths: Vec<Json> = paths.iter().map(ClaimPath::to_json).collect();
            (!paths.is_empty()).then_some(Json::Array(paths))
        };
        let evidence = Object::new()
            .with("missing", paths(&missing))
            .with("not_requested", paths(&not_requested));
        assessment.push(Check::new(CheckName::Query, outcome).with_evidence(evidence));
        Self {
            assessment,
            doctype,
            missing,
            not_requested,
        }
    }
}

/// The namespace in which ages are attested step by step.
const MDL: &str = "org.iso.18013.5.1";

/// Whether an element answers for what was asked: by its name, or as the nearest attestation of an age (§7.2.5).
fn answers(name_space: &str, asked: &str, given: &str) -> bool {
    let is_age = |name: &str| {
        name.strip_prefix("age_over_")
            .is_some_and(|age| age.parse::<u8>().is_ok())
    };
    asked == given || (name_space == MDL && is_age(asked) && is_age(given))
}
