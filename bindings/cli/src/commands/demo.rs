//! `mappe demo`: the whole story on one machine, over real HTTP and across a counter: school, registry office, citizen,
//! university, stranger.

mod counter;
mod identity;
mod stage;

use std::process::ExitCode;

use wallet_core::codec::{Json, Object};
use wallet_core::credential::ClaimPath;
use wallet_core::presentation::{Consent, Offer};
use wallet_core::rulebook::{Language, Rulebook};

use self::stage::Stage;
use super::inspect::pretty;
use super::wallet::{Wish, present, receive};
use crate::args::DemoArgs;
use crate::report::{Failure, Outcome, Paint, safe};

/// An invented pupil's record, as the school's software would hand it over.
const RECORD: &str = include_str!("../../../../examples/data/abitur.xml");

/// What the university needs: name, average, two subjects. No more.
const QUERY: &str = r#"{"credentials":[{"id":"abitur","format":"dc+sd-jwt",
    "meta":{"vct_values":["urn:mappe:de:abitur:1"]},
    "claims":[{"path":["given_name"]},{"path":["family_name"]},{"path":["final_grade"]},
              {"path":["subjects","mathematics"]},{"path":["subjects","english"]}]}]}"#;

/// Prints the story for people, or collects it for machines.
struct Teller {
    json: bool,
    told: usize,
    steps: Vec<Json>,
}

impl Teller {
    fn step(&mut self, name: &str, title: &str, facts: Object) {
        self.told += 1;
        let number = self.told;
        if !self.json {
            outln!(
                "\n{} {}",
                Paint::stdout().bold(format!("{number}.")),
                Paint::stdout().bold(title)
            );
        }
        self.steps.push(
            Object::new()
                .with("step", Json::from(name))
                .with("facts", Json::Object(facts))
                .into(),
        );
    }

    fn say(&self, text: impl std::fmt::Display) {
        if !self.json {
            outln!("   {text}");
        }
    }
}

pub(crate) fn run(args: &DemoArgs) -> Outcome {
    let mut teller = Teller {
        json: args.json,
        told: 0,
        steps: Vec::new(),
    };
    if !args.json {
        outln!(
            "{}",
            Paint::stdout()
                .yellow("development mode: plain HTTP on this machine, test certificates, an invented pupil")
        );
    }
    let mut stage = Stage::set_up(args.keep.as_deref())?;
    let result = tell(&mut stage, &mut teller);
    stage.tear_down();
    result?;
    if args.json {
        let kept = args
            .keep
            .as_ref()
            .map(|folder| Json::from(folder.display().to_string()));
        outln!(
            "{}",
            Object::new()
                .with("ok", Json::Bool(true))
                .with("mode", Json::from("development"))
                .with("steps", Json::Array(teller.steps))
                .with("kept", kept)
        );
    } else if let Some(folder) = &args.keep {
        outln!("\neverything is kept in {}", folder.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(stage: &mut Stage, teller: &mut Teller) -> Result<(), Failure> {
    let (offer, tx_code, record) = offer(stage, teller)?;
    collect(stage, teller, &offer, &tx_code)?;
    let transaction = show(stage, teller)?;
    judge(stage, teller, &transaction)?;
    identity::receive_pid(stage, teller)?;
    identity::enrol(stage, teller)?;
    identity::meet(stage, teller)?;
    revoke(stage, teller, &record, &transaction)?;
    refuse_stranger(stage, teller)
}

fn offer(stage: &mut Stage, teller: &mut Teller) -> Result<(String, String, String), Failure> {
    let body = Object::new()
        .with("configuration", Json::from("school-report"))
        .with("record", Json::from(RECORD))
        .with("tx_code", Json::Bool(true))
        .with("approved_by", Json::from("school office, clerk 7"));
    let made = stage.school_call("offers", &body)?;
    let text = |name: &str| made.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    stage.keep("offer.txt", &text("offer"))?;
    teller.step(
        "offer",
        "The school office imports an XSchule 1.2 message and offers the credential",
        Object::new()
            .with("offer", Json::from(text("offer")))
            .with("record", Json::from(text("id"))),
    );
    teller.say(format!("school   {}", stage.school_base()));
    teller.say(format!("offer    {}", text("offer")));
    teller.say(format!("code     {} (told on another way)", text("tx_code")));
    Ok((text("offer"), text("tx_code"), text("id")))
}

fn collect(stage: &mut Stage, teller: &mut Teller, offer: &str, tx_code: &str) -> Result<(), Failure> {
    let ids = receive(&mut stage.wallet, offer, Some(tx_code), true)?;
    let rulebook = Rulebook::bundled();
    let failed = super::wallet::failed("the credential is not shown");
    let id = ids.first().copied().ok_or_else(|| {
        Failure::new(
            "demo",
            "nothing was received",
            "the school gave no credential",
            "report this",
        )
    })?;
    let holding = stage.wallet.wallet.holding(id).map_err(&failed)?;
    let credential = stage.wallet.wallet.read_credential(&holding).map_err(&failed)?;
    stage.keep("credential.txt", &credential.credential().to_text())?;
    let facts = super::wallet::describe(&holding, &rulebook);
    teller.step(
        "receive",
        "The citizen's wallet receives it by OpenID4VCI 1.0 and stores it sealed",
        facts,
    );
    teller.say(format!(
        "issuer   {} (certificate checked; TEST)",
        safe(&holding.issuer.party.name)
    ));
    teller.say(format!(
        "received {}, {} one-time copies",
        safe(holding.display_name(&rulebook, Language::English)),
        holding.unused()
    ));
    teller.say(format!(
        "values   {} can be shown one by one",
        credential.credential().disclosable().len()
    ));
    teller.say("store    SQLite, each record sealed with XChaCha20-Poly1305");
    Ok(())
}

fn show(stage: &mut Stage, teller: &mut Teller) -> Result<String, Failure> {
    let purpose = "Admission to the bachelor's programme in computer science";
    let (transaction, request) = stage.ask(QUERY, purpose, "request.jwt")?;
    stage.keep("request-link.txt", &request)?;
    teller.step(
        "request",
        "The university asks with a signed OpenID4VP 1.0 request; the wallet shows who asks and what would leave",
        Object::new().with("request", Json::from(request.as_str())),
    );
    let mut seen = Object::new();
    let wish = Wish { yes: true, select: &[] };
    let presented = present(&mut stage.wallet, &request, &wish, &mut |_, consent| {
        seen = consent_facts(consent)
    })?;
    teller.say(format!(
        "asks     {} (name from its certificate; TEST)",
        seen.get("party").and_then(Json::as_str).unwrap_or_default()
    ));
    teller.say(format!(
        "for      {} (its own word)",
        seen.get("stated_purpose").and_then(Json::as_str).unwrap_or_default()
    ));
    for path in seen.get("disclosed").and_then(Json::as_array).unwrap_or_default() {
        teller.say(format!("leaves   {}", safe(path.as_str().unwrap_or_default())));
    }
    teller.say(format!(
        "sent     encrypted to {}, one copy used up",
        safe(&presented.receipt.receiver)
    ));
    stage.keep("consent.json", &Json::Object(seen.clone()).to_string())?;
    teller.steps.push(
        Object::new()
            .with("step", Json::from("consent"))
            .with("facts", Json::Object(seen))
            .into(),
    );
    Ok(transaction)
}

fn consent_facts(consent: &Consent) -> Object {
    let offers = || chosen(consent).into_iter();
    let paths = offers()
        .flat_map(|offer| offer.disclosed.iter().map(|path| Json::from(path.to_string())))
        .collect();
    Object::new()
        .with(
            "party",
            Json::from(
                consent
                    .party()
                    .map_or_else(|| "nobody vouches".to_owned(), |party| safe(&party.name)),
            ),
        )
        .with("receiver", Json::from(consent.receiver()))
        .with("stated_purpose", consent.stated_purpose().map(Json::from))
        .with("environment", Json::from(consent.environment().name()))
        .with("disclosed", Json::Array(paths))
        .with(
            "values",
            Json::Array(offers().map(|offer| Json::Object(offer.claims.clone())).collect()),
        )
}

/// What leaves if the citizen agrees to the first of everything.
fn chosen(consent: &Consent) -> Vec<&Offer> {
    let proposal = consent.proposal().unwrap_or_default();
    let mut all = Vec::new();
    for (query, credentials) in proposal.iter() {
        let requested = consent.requested().iter().find(|requested| requested.query == query);
        let offers = requested.into_iter().flat_map(|requested| &requested.offers);
        all.extend(offers.filter(|offer| credentials.contains(&offer.credential)));
    }
    all
}

fn judge(stage: &mut Stage, teller: &mut Teller, transaction: &str) -> Result<(), Failure> {
    let result = stage.result(transaction, "result")?;
    let report = expect_verdict(&result, "accepted", "abitur")?;
    stage.keep("assessment.json", &result.to_string())?;
    stage.keep_evidence("evidence.json", "presentation", transaction)?;
    teller.step(
        "assessment",
        "The university verifies the encrypted answer by itself: no upload, no central service",
        Object::new().with("assessment", result.get("assessment").cloned()),
    );
    checks(teller, &report);
    if let Some(claims) = report.get("claims").and_then(Json::as_object) {
        for (label, value) in values(claims) {
            teller.say(format!("{label}: {value}"));
        }
    }
    Ok(())
}

/// What was disclosed, in words: the label of each claim and its value.
fn values(claims: &Object) -> Vec<(String, String)> {
    let rulebook = Rulebook::bundled();
    let known = claims
        .get("vct")
        .and_then(Json::as_str)
        .and_then(|vct| rulebook.lookup(vct));
    let label = |path: &ClaimPath| {
        let label = known.and_then(|known| known.label(path, Language::English));
        label.map_or_else(|| path.to_string(), str::to_owned)
    };
    let mut lines = Vec::new();
    for name in ["given_name", "family_name", "final_grade"] {
        if let Some(value) = claims.get(name).and_then(Json::as_str) {
            lines.push((label(&ClaimPath::of_keys(name, &[])), safe(value)));
        }
    }
    for (key, subject) in claims
        .get("subjects")
        .and_then(Json::as_object)
        .into_iter()
        .flat_map(Object::iter)
    {
        let points = subject.get("points").and_then(Json::as_array).unwrap_or_default();
        let points: Vec<_> = points.iter().filter_map(Json::as_str).map(safe).collect();
        let name = subject.get("name").and_then(Json::as_str).unwrap_or(key);
        lines.push((safe(name), format!("{} points", points.join(", "))));
    }
    lines
}

fn revoke(stage: &mut Stage, teller: &mut Teller, record: &str, transaction: &str) -> Result<(), Failure> {
    stage.keep_status("status-list-before.jwt")?;
    stage.school_call(
        &format!("records/{record}/revoke"),
        &Object::new().with("reason", Json::from("issued in error")),
    )?;
    let result = stage.result(transaction, "recheck")?;
    let report = expect_verdict(&result, "refused", "abitur")?;
    stage.keep("assessment-after-revocation.json", &result.to_string())?;
    stage.keep_status("status-list-after.jwt")?;
    teller.step(
        "revocation",
        "The school revokes the credential; the second check says so",
        Object::new().with("assessment", result.get("assessment").cloned()),
    );
    checks(teller, &report);
    Ok(())
}

fn refuse_stranger(stage: &mut Stage, teller: &mut Teller) -> Result<(), Failure> {
    let request = stage.ask_as_stranger(QUERY)?;
    let wish = Wish { yes: true, select: &[] };
    match present(&mut stage.wallet, &request, &wish, &mut |_, _| ()) {
        Ok(_) => Err(Failure::new(
            "demo",
            "the stranger got an answer",
            "the wallet answered somebody whom nobody vouches for",
            "report this",
        )),
        Err(refusal) => {
            let answered = stage.stranger_was_answered()?;
            if answered {
                return Err(Failure::new(
                    "demo",
                    "the stranger got an answer",
                    "the wallet sent something in spite of its refusal",
                    "report this",
                ));
            }
            teller.step(
                "stranger",
                "A stranger without a trusted certificate asks, and gets nothing",
                Object::new()
                    .with("code", Json::from(refusal.code.as_str()))
                    .with("answered", Json::Bool(answered)),
            );
            teller.say(format!("refused  {} ({})", refusal.why, refusal.code));
            Ok(())
        }
    }
}

/// The assessment of the presentation that answers `query`, if the verdict on all is as the story has it.
fn expect_verdict(result: &Json, expected: &str, query: &str) -> Result<Json, Failure> {
    let assessment = result.get("assessment");
    let verdict = assessment
        .and_then(|assessment| assessment.get("verdict"))
        .and_then(Json::as_str);
    if verdict != Some(expected) {
        return Err(Failure::new(
            "demo",
            format!("the verdict is not `{expected}`"),
            pretty(result, 0),
            "report this",
        ));
    }
    let presentations = assessment.and_then(|assessment| assessment.get("presentations")?.get(query)?.as_array());
    Ok(presentations.and_then(<[Json]>::first).cloned().unwrap_or(Json::Null))
}

fn checks(teller: &Teller, report: &Json) {
    let paint = Paint::stdout();
    for check in report.get("checks").and_then(Json::as_array).unwrap_or_default() {
        let text = |name: &str| check.get(name).and_then(Json::as_str).unwrap_or_default();
        let outcome = match text("outcome") {
            "pass" => paint.green("pass"),
            other => paint.red(format!("{other}: {}", text("code"))),
        };
        teller.say(format!("{:<9} {outcome}", text("check")));
    }
    let verdict = report.get("verdict").and_then(Json::as_str).unwrap_or_default();
    teller.say(format!(
        "verdict   {}",
        if verdict == "accepted" {
            paint.green(verdict)
        } else {
            paint.red(verdict)
        }
    ));
}
