//! The person whom an answer is about: what a PID says in either format, and whether other credentials mean the same.

use super::Assessment;
use crate::codec::{Json, Object};
use crate::credential::{Format, PathElement};
use crate::rulebook::Rulebook;
use crate::rulebook::names::NameMatch;
use crate::rulebook::pid::{self, PidView};

/// The claims of a PID under their names in SD-JWT VC, whatever its format: of an mdoc they are mapped (PID Rulebook
/// §3.1), and what is about the credential and not the person is left out. `None` for other types, and where a value
/// is none that the rulebook admits.
pub(super) fn of(assessment: &Assessment, rulebook: &Rulebook) -> Option<Object> {
    let claims = assessment.claims()?;
    let name = assessment.type_names.iter().find(|name| pid::is_pid(name))?;
    if Format::from_name(&assessment.format) == Some(Format::MsoMdoc) {
        return pid::from_mdoc(claims)
            .ok()
            .map(|mapped| of_person(&mapped.claims, &|_| true));
    }
    pid::check(claims).ok()?;
    let known = rulebook.lookup(name).or_else(|| rulebook.lookup(pid::VCT))?;
    let german = rulebook.lookup(pid::GERMAN_VCT).into_iter();
    let infos: Vec<_> = german.chain([known]).flat_map(|known| known.claims()).collect();
    let is_claim = |member: &str| {
        let mut infos = infos.iter();
        infos.any(|info| matches!(info.path().elements().first(), Some(PathElement::Key(first)) if first == member))
    };
    Some(of_person(claims, &is_claim))
}

/// The mark of tests goes with every SD-JWT VC and not with every mdoc: [`Assessment::is_test`] tells of both.
fn of_person(claims: &Object, is_claim: &dyn Fn(&str) -> bool) -> Object {
    let members = claims
        .iter()
        .filter(|(member, _)| *member != "test" && is_claim(member));
    members
        .map(|(member, value)| (member.to_owned(), value.clone()))
        .collect()
}

/// How alike the person of the PIDs is with those that the other credentials name: the least alike of all that can be
/// compared; `None` if nothing can. It decides nothing: people change their names (PID checklist §3).
pub(super) fn compare(assessments: &[(String, Assessment)]) -> Option<NameMatch> {
    let persons = assessments.iter().filter_map(|(_, assessment)| assessment.person());
    let others = || {
        let others = assessments
            .iter()
            .filter(|(_, assessment)| assessment.person().is_none());
        others.filter_map(|(_, assessment)| assessment.claims())
    };
    let views = persons.filter_map(|claims| PidView::from_claims(claims).ok());
    views
        .flat_map(|view| {
            others()
                .filter_map(move |claims| view.compare(claims))
                .collect::<Vec<_>>()
        })
        .min()
}

pub(super) fn name_of(alike: NameMatch) -> Json {
    Json::from(match alike {
        NameMatch::Same => "same",
        NameMatch::Likely => "likely",
        NameMatch::Different => "different",
    })
}
