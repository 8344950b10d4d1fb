//! Judging an mdoc, at rest or in a `DeviceResponse`.

use super::{AssessOptions, Expected, FOR_EVER, FormatChoice, origin_evidence, validity_evidence};
use crate::codec::{Cbor, Json, Object};
use crate::credential::mdoc::{DeviceResponse, Mdoc, MdocError, ReceivedResponse, VerifyOptions};
use crate::credential::{Unverified, Verified};
use crate::rulebook::pid::TEST_NAMESPACE;
use crate::trust::DocumentSignerClaim;
use crate::verifier::{Assessment, Check, CheckName, CheckOutcome};

/// The binding of a document cannot be told without the session that it was presented in.
const NO_TRANSCRIPT: &str = "assessment.no_session_transcript";

/// Judges every document in `bytes`: there is at least one assessment.
pub(super) fn assess_all(bytes: &[u8], options: &AssessOptions<'_>) -> Vec<Assessment> {
    match parse(bytes, options) {
        Ok(Parsed::IssuerSigned(document)) => vec![assess_document(*document, options)],
        Ok(Parsed::Response(response)) => assess_response(response, options),
        Err(error) => vec![unreadable(error.code(), options)],
    }
}

/// Judges the one document in `bytes`; several are refused.
pub(super) fn assess_one(bytes: &[u8], options: &AssessOptions<'_>) -> Assessment {
    match parse(bytes, options) {
        // OpenID4VP 1.0 §B.2.5: each mdoc comes in a response of its own.
        Ok(Parsed::Response(response)) if response.documents.len() > 1 => {
            unreadable("assessment.several_documents", options)
        }
        Ok(Parsed::Response(response)) => {
            let mut assessments = assess_response(response, options);
            assessments.swap_remove(0)
        }
        Ok(Parsed::IssuerSigned(document)) => assess_document(*document, options),
        Err(error) => unreadable(error.code(), options),
    }
}

enum Parsed {
    IssuerSigned(Box<Unverified<Mdoc>>),
    Response(ReceivedResponse),
}

fn parse(bytes: &[u8], options: &AssessOptions<'_>) -> Result<Parsed, MdocError> {
    let budget = &mut options.budget.clone();
    let is_response = match options.format {
        FormatChoice::DeviceResponse => true,
        FormatChoice::MsoMdoc => false,
        // By the member that an `IssuerSigned` must have.
        _ => Cbor::parse(bytes, &mut options.budget.clone())?
            .get("issuerAuth")
            .is_none(),
    };
    if is_response {
        return DeviceResponse::parse(bytes, budget).map(Parsed::Response);
    }
    let document = Unverified::<Mdoc>::parse(bytes, budget)?;
    Ok(Parsed::IssuerSigned(Box::new(document)))
}

fn unreadable(code: &str, options: &AssessOptions<'_>) -> Assessment {
    let mut assessment = Assessment::new("mso_mdoc", options.at);
    assessment.in_response = options.format == FormatChoice::DeviceResponse;
    assessment.fail(CheckName::Integrity, code);
    assessment.leave_open(options.expects_binding().into(), "assessment.unreadable");
    assessment
}

fn assess_response(response: ReceivedResponse, options: &AssessOptions<'_>) -> Vec<Assessment> {
    let (status, errors) = (response.status, response.document_errors);
    let mut assessments: Vec<_> = response
        .documents
        .into_iter()
        .map(|document| assess_document(document, options))
        .collect();
    if assessments.is_empty() {
        // ISO 18013-5 §8.3.2.1.2.3: what went wrong, or nothing that could be returned.
        let code = if status == 0 {
            "assessment.no_document"
        } else {
            "assessment.response_status"
        };
        assessments.push(unreadable(code, options));
    }
    let several = assessments.len() > 1;
    for (index, assessment) in assessments.iter_mut().enumerate() {
        assessment.in_response = true;
        assessment.document = several.then_some(index);
        assessment.document_errors = errors.iter().map(|error| (error.doctype.clone(), error.code)).collect();
    }
    assessments
}

/// What is known of the session that a document must answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    /// None is asked for, and none was answered.
    AtRest,
    /// The device answered one, or had to, and which one is not known here.
    Untold,
    /// The device must have answered the one that the options name.
    Told,
}

fn assess_document(document: Unverified<Mdoc>, options: &AssessOptions<'_>) -> Assessment {
    let mut assessment = Assessment::new("mso_mdoc", options.at);
    let presented = document.inner().device_auth().is_some();
    let session = match (&options.device_binding, presented) {
        (Some(_), _) => Session::Told,
        (None, true) => Session::Untold,
        // A presentation was asked for: without device authentication it is none.
        (None, false) if options.key_binding.is_some() => Session::Untold,
        (None, false) => Session::AtRest,
    };
    if session == Session::Untold {
        match presented {
            true => assessment.unknown(CheckName::Binding, NO_TRANSCRIPT),
            false => assessment.fail(CheckName::Binding, MdocError::DeviceAuthMissing.code()),
        }
    }
    let again = document.clone();
    let result = match (&options.device_binding, session) {
        (Some(binding), Session::Told) => {
            let verify = VerifyOptions::presentation(binding.clone()).with_skew(options.skew);
            document.verify(options.trust, &verify, options.at)
        }
        _ => bare(&document, options).and_then(|bare| {
            bare.verify(
                options.trust,
                &VerifyOptions::at_rest().with_skew(options.skew),
                options.at,
            )
        }),
    };
    match result {
        Ok(verified) => {
            assessment.pass(CheckName::Validity, times(verified.credential()));
            if session == Session::Told {
                assessment.pass(CheckName::Binding, device_evidence(verified.credential()));
                assessment.device_claims = verified.credential().device_claims().clone();
            }
            assessment.take_mdoc(&verified, options);
        }
        Err(error) => assessment.explain_mdoc(&again, session, &error, options),
    }
    assessment
}

/// The part that the issuer signed, without what the device added.
fn bare(document: &Unverified<Mdoc>, options: &AssessOptions<'_>) -> Result<Unverified<Mdoc>, MdocError> {
    match document.inner().device_auth() {
        None => Ok(document.clone()),
        Some(_) => Unverified::<Mdoc>::parse(&document.inner().to_bytes(), &mut options.budget.clone()),
    }
}

/// Which check an error of the format belongs to.
fn check_of(error: &MdocError) -> CheckName {
    match error {
        MdocError::Trust(_) | MdocError::X5ChainMissing => CheckName::Origin,
        MdocError::OutsideValidity(_) => CheckName::Validity,
        MdocError::DeviceAuth(_)
        | MdocError::DeviceAuthMissing
        | MdocError::DeviceAuthUnexpected
        | MdocError::DeviceElementNotAuthorized
        | MdocError::DeviceKey(_)
        | MdocError::DeviceMacKey
        | MdocError::ElementSignedTwice => CheckName::Binding,
        _ => CheckName::Integrity,
    }
}

impl Assessment {
    fn blame_mdoc(&mut self, name: CheckName, error: &MdocError) {
        match error {
            MdocError::Trust(error) => self.distrust(error),
            // A MAC that nobody here has the key for: it may well be right.
            MdocError::DeviceMacKey => self.unknown(name, error.code()),
            _ => self.fail(name, error.code()),
        }
    }

    fn take_mdoc(&mut self, verified: &Verified<Mdoc>, options: &AssessOptions<'_>) {
        let document = verified.credential();
        self.type_names = vec![document.doctype().to_owned()];
        // The issuer's mark is seen even where its element is withheld.
        let is_test = document.signed_namespaces().any(|name| name == TEST_NAMESPACE);
        let evidence = Object::new().with("digests", Json::from(document.hash().name()));
        self.take(verified, document.claims(), is_test, evidence, options);
    }

    /// A check failed: finds out what the others say.
    fn explain_mdoc(
        &mut self,
        document: &Unverified<Mdoc>,
        session: Session,
        error: &MdocError,
        options: &AssessOptions<'_>,
    ) {
        let name = check_of(error);
        let expected = Expected::from(session != Session::AtRest);
        self.blame_mdoc(name, error);
        match name {
            CheckName::Origin => return self.leave_open(expected, "assessment.origin_failed"),
            CheckName::Integrity => {
                let inner = document.inner();
                let chain = inner.document_signer_chain();
                let claim = DocumentSignerClaim::new(&chain, inner.doctype(), inner.signed());
                match options.trust.resolve_document_signer(&claim, options.at) {
                    Ok(issuer) => {
                        // Whether the issuer is behind this is just what failed: it is known, no more.
                        let evidence = origin_evidence(&issuer);
                        let code = CheckOutcome::Unknown("assessment.integrity_failed".to_owned());
                        self.push(Check::new(CheckName::Origin, code).with_evidence(evidence));
                    }
                    Err(error) => self.distrust(&error),
                }
                return self.leave_open(expected, "assessment.integrity_failed");
            }
            _ => {}
        }
        // What the issuer signed by itself, at whatever time.
        let Ok(issued) = bare(document, options) else {
            return self.leave_open(expected, "assessment.unreadable");
        };
        let at_rest = VerifyOptions::at_rest().with_skew(FOR_EVER);
        match issued.verify(options.trust, &at_rest, options.at) {
            Ok(verified) => {
                if name != CheckName::Validity {
                    match verified.credential().validity().check(options.at, options.skew) {
                        Ok(()) => self.pass(CheckName::Validity, times(verified.credential())),
                        Err(outside) => self.blame_mdoc(CheckName::Validity, &outside.into()),
                    }
                }
                self.take_mdoc(&verified, options);
            }
            Err(other) if check_of(&other) != name => self.blame_mdoc(check_of(&other), &other),
            Err(_) => {}
        }
        if let (CheckName::Validity, Session::Told, Some(binding)) = (name, session, &options.device_binding)
            && self.claims().is_some()
        {
            let whenever = VerifyOptions::presentation(binding.clone()).with_skew(FOR_EVER);
            match document.clone().verify(options.trust, &whenever, options.at) {
                Ok(verified) => self.pass(CheckName::Binding, device_evidence(verified.credential())),
                Err(error) if check_of(&error) == CheckName::Binding => self.blame_mdoc(CheckName::Binding, &error),
                Err(_) => {}
            }
        }
        self.leave_open(expected, "assessment.not_reached");
    }
}

fn times(document: &Mdoc) -> Object {
    let update = document.expected_update();
    validity_evidence(document.validity())
        .with("signed", Json::from(document.signed().to_string()))
        .with("expected_update", update.map(|at| Json::from(at.to_string())))
}

fn device_evidence(document: &Mdoc) -> Object {
    let kind = document.device_auth().map(|kind| Json::from(kind.name()));
    let key = document.holder_key().map(|key| Json::from(key.thumbprint()));
    Object::new().with("device_auth", kind).with("device_key", key)
}
