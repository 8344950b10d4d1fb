//! Judging an answer: each presentation by itself, and all of them against the query.

use super::{AssessOptions, Assessment, Check, CheckName, CheckOutcome, FormatChoice, Presented, assess, person};
use crate::codec::{Budget, Json};
use crate::credential::Format;
use crate::dcql::{self, Authority, Candidate};
use crate::protocol::dcql::{CredentialQuery, Query};
use crate::protocol::openid4vp::VpToken;
use crate::rulebook::Rulebook;
use crate::time::Timestamp;
use crate::trust::{Certificate, IssuerEvidence};

/// Judges every presentation by itself, and then all of them against the query (OpenID4VP 1.0 §8.6).
pub(super) fn judge(
    query: &Query,
    vp_token: &VpToken,
    rulebook: &Rulebook,
    options: &AssessOptions<'_>,
    at: Timestamp,
) -> Presented {
    let mut assessments = Vec::new();
    for (id, presentations) in vp_token.iter() {
        let asked = query.credential(id);
        for presentation in presentations {
            let (text, options) = reading(asked, presentation, options);
            let mut assessment = assess(text, &options);
            assessment.person = person::of(&assessment, rulebook);
            if let Some(asked) = asked {
                assessment.push(check_query(asked, &assessment, rulebook));
            } else {
                let code = dcql::PresentedError::UnknownQuery.code().to_owned();
                assessment.push(Check::new(CheckName::Query, CheckOutcome::Fail(code)));
            }
            assessments.push((id.to_owned(), assessment));
        }
    }
    let outcome = check_all(query, &assessments, rulebook);
    Presented {
        at,
        same_person: person::compare(&assessments),
        assessments,
        query: Check::new(CheckName::Query, outcome),
    }
}

/// The text of a presentation, and how it is judged: in the format that was asked for, whatever it looks like.
pub(super) fn reading<'p, 'a>(
    asked: Option<&CredentialQuery>,
    presentation: &'p Json,
    options: &AssessOptions<'a>,
) -> (&'p str, AssessOptions<'a>) {
    // Formats that come as an object are not asked for here.
    let text = presentation.as_str().unwrap_or_default();
    if asked.is_some_and(|asked| asked.format() == Format::MsoMdoc.name()) {
        return (text, options.clone().with_format(FormatChoice::DeviceResponse));
    }
    // §6.1: where no proof of the holder is required, a credential may come without.
    let bare = asked.is_some_and(|asked| !asked.requires_holder_binding());
    let options = match bare && text.ends_with('~') {
        true => options.without_key_binding(),
        false => options.clone(),
    };
    (text, options.with_format(FormatChoice::DcSdJwt))
}

/// What a query sees of a presentation. `certificates` are those of the issuer's path.
fn candidate<'a>(
    asked: Option<&CredentialQuery>,
    assessment: &'a Assessment,
    certificates: &'a [Certificate],
    rulebook: &'a Rulebook,
) -> Option<Candidate<'a>> {
    let claims = assessment.claims()?;
    let bound = assessment
        .check(CheckName::Binding)
        .is_some_and(|check| check.outcome == CheckOutcome::Pass);
    // SD-JWT VC §6.3.1.2: a type that extends the one asked for answers the query; that it may be issued by whoever
    // issued it, the origin says.
    let named = assessment.type_names.iter();
    let inherited = named
        .clone()
        .filter_map(|name| rulebook.lookup(name))
        .flat_map(|known| known.extends());
    let format = Format::from_name(&assessment.format)?;
    let candidate = Candidate::new("", format, claims)
        .with_types(named.chain(inherited).map(String::as_str))
        .with_holder_binding(bound);
    // §6.1.1: authorities of other kinds are not known here; the trust of the verifier stands in for them.
    let by_key = |asked: &CredentialQuery| asked.authorities().iter().all(|authority| authority.kind() == "aki");
    if !asked.is_some_and(by_key) {
        return Some(candidate);
    }
    let keys = certificates.iter().filter_map(Certificate::authority_key_id);
    Some(candidate.with_authorities(keys.map(Authority::KeyIdentifier)))
}

/// The certificates from the signer to the anchor, where the issuer was found by certificates.
fn path_of(assessment: &Assessment) -> Vec<Certificate> {
    match assessment.issuer.as_ref().map(|issuer| &issuer.evidence) {
        Some(IssuerEvidence::Path(path)) => path.iter().filter_map(|der| Certificate::parse(der).ok()).collect(),
        _ => Vec::new(),
    }
}

fn check_query(asked: &CredentialQuery, assessment: &Assessment, rulebook: &Rulebook) -> Check {
    let certificates = path_of(assessment);
    let outcome = match candidate(Some(asked), assessment, &certificates, rulebook) {
        None => CheckOutcome::Unknown("assessment.no_claims".to_owned()),
        Some(candidate) => match dcql::check_presentation(asked, &candidate, &mut Budget::default()) {
            Ok(()) => CheckOutcome::Pass,
            Err(error) => CheckOutcome::Fail(error.code().to_owned()),
        },
    };
    Check::new(CheckName::Query, outcome)
}

fn check_all(query: &Query, assessments: &[(String, Assessment)], rulebook: &Rulebook) -> CheckOutcome {
    let paths: Vec<_> = assessments.iter().map(|(_, assessment)| path_of(assessment)).collect();
    let mut presented: Vec<(&str, Vec<Candidate<'_>>)> = Vec::new();
    for ((id, assessment), path) in assessments.iter().zip(&paths) {
        let Some(candidate) = candidate(query.credential(id), assessment, path, rulebook) else {
            return CheckOutcome::Unknown("assessment.no_claims".to_owned());
        };
        match presented.iter_mut().find(|(other, _)| other == id) {
            Some((_, candidates)) => candidates.push(candidate),
            None => presented.push((id, vec![candidate])),
        }
    }
    let presented = presented.iter().map(|(id, candidates)| (*id, candidates.as_slice()));
    match dcql::check_presented(query, presented, &mut Budget::default()) {
        Ok(()) => CheckOutcome::Pass,
        Err(error) => CheckOutcome::Fail(error.code().to_owned()),
    }
}
