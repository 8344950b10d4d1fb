//! The scenes with the national ID: the PID comes in both formats, goes out online beside the school report, and
//! across a counter.

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::{ClaimPath, Format};
use wallet_core::rulebook::pid::{DOCTYPE, PidView};
use wallet_core::rulebook::{Language, Rulebook};

use super::stage::Stage;
use super::{Teller, checks, chosen, expect_verdict};
use crate::commands::wallet::{Wish, describe, failed, present, receive};
use crate::report::{Failure, Paint, safe};

/// The identity card of the same invented pupil: a file stands for what an eID client would read from the chip.
const CARD: &str = include_str!("../../../../../examples/data/pupil-card.json");

/// Who enrols, and with what: the PID in whichever format is there, and the report.
const QUERY: &str = r#"{"credentials":[
    {"id":"pid_mdoc","format":"mso_mdoc","meta":{"doctype_value":"eu.europa.ec.eudi.pid.1"},
     "claims":[{"path":["eu.europa.ec.eudi.pid.1","family_name"]},{"path":["eu.europa.ec.eudi.pid.1","given_name"]},
               {"path":["eu.europa.ec.eudi.pid.1","birth_date"]}]},
    {"id":"pid_sd_jwt","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:de:1","urn:eudi:pid:1"]},
     "claims":[{"path":["family_name"]},{"path":["given_name"]},{"path":["birthdate"]}]},
    {"id":"abitur","format":"dc+sd-jwt","meta":{"vct_values":["urn:mappe:de:abitur:1"]},
     "claims":[{"path":["given_name"]},{"path":["family_name"]},{"path":["final_grade"]}]}],
    "credential_sets":[{"options":[["pid_mdoc"],["pid_sd_jwt"]]},{"options":[["abitur"]]}]}"#;

/// What the counter needs to hand out a student's card. Only the name is kept.
const QUESTION: &str = r#"{"docType":"eu.europa.ec.eudi.pid.1","nameSpaces":{"eu.europa.ec.eudi.pid.1":
    {"family_name":true,"given_name":true,"birth_date":false}}}"#;

pub(super) fn receive_pid(stage: &mut Stage, teller: &mut Teller) -> Result<(), Failure> {
    let card = Json::parse(CARD, &mut Budget::default())
        .map_err(|error| Failure::new(error.code(), "the demonstration stops", error, "report this"))?;
    let body = Object::new()
        .with("configuration", Json::from("pid"))
        .with("record", card)
        .with("tx_code", Json::Bool(true))
        .with("approved_by", Json::from("registry office, clerk 3"));
    let made = stage.registry_call("offers", &body)?;
    let text = |name: &str| made.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    stage.keep("pid-offer.txt", &text("offer"))?;
    let ids = receive(&mut stage.wallet, &text("offer"), Some(&text("tx_code")), true)?;
    let rulebook = Rulebook::bundled();
    let mut facts = Vec::new();
    let mut lines = Vec::new();
    for id in ids {
        let holding = stage
            .wallet
            .wallet
            .holding(id)
            .map_err(failed("the PID is not shown"))?;
        let credential = stage.wallet.wallet.read_credential(&holding);
        let credential = credential.map_err(failed("the PID is not shown"))?;
        let format = holding.format.name();
        stage.keep(&format!("pid.{format}.txt"), &credential.credential().to_text())?;
        facts.push(Json::Object(describe(&holding, &rulebook)));
        lines.push(format!(
            "received a PID as {format}, {} one-time copies",
            holding.unused()
        ));
    }
    teller.step(
        "identity",
        "The registry office issues the PID in both formats in one session; a file stands for the ID card's chip",
        Object::new()
            .with("offer", Json::from(text("offer")))
            .with("record", Json::from(text("id")))
            .with("credentials", Json::Array(facts)),
    );
    teller.say(format!("registry {}", stage.registry_base()));
    for line in lines {
        teller.say(line);
    }
    teller.say("marked   as test data, for ever and in both formats");
    Ok(())
}

pub(super) fn enrol(stage: &mut Stage, teller: &mut Teller) -> Result<(), Failure> {
    let (transaction, request) = stage.ask(QUERY, "Enrolment", "enrolment-request.jwt")?;
    let rulebook = Rulebook::bundled();
    let mut lines = Vec::new();
    let wish = Wish { yes: true, select: &[] };
    present(&mut stage.wallet, &request, &wish, &mut |_, consent| {
        for offer in chosen(consent) {
            lines.push(leaving(
                &rulebook,
                offer.format,
                &offer.credential_type,
                &offer.disclosed,
            ));
        }
    })?;
    let result = stage.result(&transaction, "result")?;
    let pid = expect_verdict(&result, "accepted", "pid_mdoc")?;
    let report = expect_verdict(&result, "accepted", "abitur")?;
    let claims = |assessment: &Json| {
        assessment
            .get("claims")
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let person = PidView::from_mdoc(&claims(&pid))
        .map_err(|error| Failure::new(error.code(), "the demonstration stops", error, "report this"))?
        .compare(&claims(&report));
    let person = person
        .map(|found| format!("{found:?}").to_lowercase())
        .unwrap_or_default();
    stage.keep("enrolment-assessment.json", &result.to_string())?;
    stage.keep_evidence("enrolment-evidence.json", "enrolment-presentation", &transaction)?;
    teller.step(
        "enrolment",
        "Enrolment online: one request for the PID in either format and the school report (credential_sets)",
        Object::new()
            .with("request", Json::from(request.as_str()))
            .with("person", Json::from(person.as_str()))
            .with("assessment", result.get("assessment").cloned()),
    );
    for line in lines {
        teller.say(format!("leaves   {line}"));
    }
    for (what, assessment) in [("PID", &pid), ("report", &report)] {
        let verdict = assessment.get("verdict").and_then(Json::as_str).unwrap_or_default();
        teller.say(format!("{what:<8} {}", Paint::stdout().green(verdict)));
    }
    teller.say(format!("person   {person} in both, by name"));
    Ok(())
}

pub(super) fn meet(stage: &mut Stage, teller: &mut Teller) -> Result<(), Failure> {
    let rulebook = Rulebook::bundled();
    let mut engagement = String::new();
    let mut consented = Object::new();
    let mut lines = Vec::new();
    let met = stage.office.meet(
        &mut stage.wallet,
        QUESTION,
        &mut |text| engagement = text.to_owned(),
        &mut |consent| {
            lines.push(format!(
                "asks     {} (name from its reader certificate; TEST)",
                safe(&consent.party().name)
            ));
            consented.insert("party", safe(&consent.party().name));
            for offer in consent
                .requested()
                .iter()
                .filter_map(|requested| requested.offers.first())
            {
                let kept: Vec<_> = offer
                    .retained
                    .iter()
                    .map(|path| offer.label(path, &rulebook, Language::English))
                    .collect();
                lines.push(format!(
                    "leaves   {}",
                    leaving(&rulebook, Format::MsoMdoc, &offer.doctype, &offer.disclosed)
                ));
                lines.push(format!("is kept  {}, as the reader says", kept.join(", ")));
                consented.insert("values", offer.claims.clone());
            }
        },
    )?;
    stage.keep("counter-engagement.txt", &engagement)?;
    stage.keep_bytes("counter-device-response.cbor", &met.response)?;
    stage.keep_bytes("counter-session-transcript.cbor", &met.transcript)?;
    let reading = met.reading.to_json();
    stage.keep("counter-reading.json", &Json::Object(reading.clone()).to_string())?;
    if reading.get("verdict").and_then(Json::as_str) != Some("accepted") {
        let why = met.reading.code().unwrap_or("reader.ended").to_owned();
        return Err(Failure::new(
            &why,
            "the demonstration stops",
            "the PID was not accepted",
            "report this",
        ));
    }
    teller.step(
        "counter",
        "At the counter, in person (ISO 18013-5): the phone shows a code, the reader asks, and nobody else takes part",
        Object::new()
            .with("engagement", Json::from(engagement.as_str()))
            .with("consent", Json::Object(consented))
            .with("reading", Json::Object(reading.clone())),
    );
    let short: String = engagement.chars().take(48).collect();
    teller.say(format!("QR code  {short}… ({} characters)", engagement.len()));
    for line in lines {
        teller.say(line);
    }
    teller.say(format!(
        "sent     encrypted for this session, {} bytes; one copy used up",
        met.response.len()
    ));
    if let Some(document) = reading
        .get("documents")
        .and_then(|documents| documents.as_array()?.first())
    {
        checks(teller, document);
        let claims = document
            .get("claims")
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default();
        for value in rulebook.label_values(Format::MsoMdoc, DOCTYPE, &claims, Language::English) {
            let shown = value.value.as_str().map_or_else(|| value.value.to_string(), safe);
            teller.say(format!("{}: {shown}", value.label.unwrap_or_default()));
        }
    }
    Ok(())
}

/// The labels of what leaves, and of what.
fn leaving<'a>(
    rulebook: &Rulebook,
    format: Format,
    type_name: &str,
    paths: impl IntoIterator<Item = &'a ClaimPath>,
) -> String {
    let language = Language::English;
    let label = |path: &ClaimPath| {
        let known = rulebook.place_label(type_name, path, language);
        known.map_or_else(|| safe(&path.to_string()), str::to_owned)
    };
    let labels: Vec<_> = paths.into_iter().map(label).collect();
    format!("{} ({})", labels.join(", "), format.name())
}
