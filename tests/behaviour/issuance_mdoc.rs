//! The citizen receives a PID in both formats: one offer, one session, one approval, a batch of copies of each.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;

use wallet_core::codec::{Budget, CborValue, Json, base64url};
use wallet_core::credential::mdoc::Blueprint;
use wallet_core::credential::{Format, StatusListReference};
use wallet_core::http::{HttpRequest, HttpResponse};
use wallet_core::issuance::{IssuanceError, Outcome, Receipt, Rejection, Unsupported, begin};
use wallet_core::issuance::{Question, Step, Topic};
use wallet_core::keys::PublicKey;
use wallet_core::rulebook::{Language, Rulebook};
use wallet_core::store::MemoryStore;
use wallet_core::trust::authority::LeafProfile;
use wallet_core::trust::{Environment, Role};
use wallet_core::wallet::{CopyRef, Event, NewHolding, Party, Presentation, Reuse, Wallet};
use wallet_tests::TestRandom;
use wallet_tests::campus::{Campus, Signer};
use wallet_tests::issuing::{PID, PID_MDOC, Phone, School, now};

fn received(outcome: Result<Outcome, IssuanceError>) -> Receipt {
    match outcome {
        Ok(Outcome::Received(receipt)) => receipt,
        other => panic!("{other:?}"),
    }
}

fn receive(restarts: bool) -> (Phone, Receipt, Vec<String>) {
    let mut office = School::office();
    let offer = office.offer_pid();
    let mut phone = Phone::new(&office, &offer);
    phone.restarts = restarts;
    let mut calls = Vec::new();
    let outcome = phone.receive(&offer.offer, now(), |request| {
        calls.push(request.url().path().rsplit('/').next().unwrap().to_owned());
        office.handle(request)
    });
    (phone, received(outcome), calls)
}

#[test]
fn a_pid_comes_in_both_formats_with_one_approval() {
    for restarts in [false, true] {
        let (phone, receipt, calls) = receive(restarts);
        let formats: Vec<_> = receipt
            .credentials()
            .iter()
            .map(|received| (received.configuration.as_str(), received.copies.len()))
            .collect();
        assert_eq!(formats, [(PID, 5), (PID_MDOC, 5)]);
        let mut handles = BTreeSet::new();
        for (received, format) in receipt.credentials().iter().zip([Format::DcSdJwt, Format::MsoMdoc]) {
            for copy in &received.copies {
                let credential = copy.credential.credential();
                assert_eq!(credential.format(), format);
                let handle = copy.key.clone().unwrap();
                let key = &phone.keys[handle.as_str().parse::<usize>().unwrap()];
                assert_eq!(credential.holder_key(), Some(&PublicKey::from(key)));
                assert!(handles.insert(handle), "a key for each copy");
            }
        }
        let mdoc = receipt.credentials()[1].copies[0].credential.credential();
        let elements = mdoc.claims().get(PID_MDOC).unwrap();
        assert_eq!(elements.get("birth_date"), Some(&Json::from("2008-02-29")));
        // One question about the offer, one approval for all proofs, one question about what came.
        for word in ["offer?", "keep?", "sign", "keys"] {
            let times = phone.log.iter().filter(|other| **other == word).count();
            assert_eq!(times, 1, "{word} in {:?}", phone.log);
        }
        let late: Vec<_> = calls.iter().skip_while(|call| *call != "token").collect();
        assert_eq!(late, ["token", "nonce", "nonce", "credential", "credential"]);
    }
}

/// Runs until the question that the offer is.
fn offered(office: &mut School, edit: impl Fn(HttpResponse) -> HttpResponse) -> Result<Question, IssuanceError> {
    let offer = office.offer_pid();
    let phone = Phone::new(office, &offer);
    let mut step = begin(&offer.offer, &phone.config, &mut TestRandom::new(3))?;
    loop {
        step = match step {
            Step::Send(exchange) => {
                let response = office.handle(exchange.request());
                let metadata = exchange.request().url().path().contains("openid-credential-issuer");
                let response = if metadata { edit(response) } else { response };
                exchange.answer(&response, &phone.trust, now())?
            }
            Step::Ask(question) if matches!(question.topic(), Topic::Offer(_)) => return Ok(question),
            Step::Ask(question) => question.answer(wallet_core::issuance::Answer::Yes, &phone.trust, now())?,
            other => panic!("{other:?}"),
        };
    }
}

fn change(response: &HttpResponse, from: &str, to: &str) -> HttpResponse {
    let text = std::str::from_utf8(response.body()).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    HttpResponse::of_type(200, "application/json", text.replace(from, to))
}

fn formats(question: &Question) -> Vec<String> {
    match question.topic() {
        Topic::Offer(summary) => summary
            .credentials
            .iter()
            .map(|offered| offered.format.clone())
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn metadata_is_read_as_issuers_write_it() {
    let mut office = School::office();
    let question = offered(&mut office, |response| response).unwrap();
    let Topic::Offer(summary) = question.topic() else {
        panic!()
    };
    let types: Vec<_> = summary
        .credentials
        .iter()
        .map(|offered| offered.type_name.as_str())
        .collect();
    assert_eq!(types, [PID, PID_MDOC]);
    assert_eq!(formats(&question), ["dc+sd-jwt", "mso_mdoc"]);
    let both = ["dc+sd-jwt", "mso_mdoc"];
    // The binding method after the proof's header; numbers of COSE where names should stand.
    for (from, to) in [
        (r#"["cose_key"]"#, r#"["jwk"]"#),
        (r#"["cose_key"]"#, r#"["did:key","cose_key"]"#),
        (
            r#""proof_signing_alg_values_supported":["ES256""#,
            r#""proof_signing_alg_values_supported":[-7"#,
        ),
        (
            r#""proof_signing_alg_values_supported":["ES256""#,
            r#""proof_signing_alg_values_supported":[-65535,-9"#,
        ),
    ] {
        let question = offered(&mut office, |response| change(&response, from, to)).unwrap();
        assert_eq!(formats(&question), both, "{to}");
    }
    // Without a document type it is no mdoc that could be checked.
    let question = offered(&mut office, |response| change(&response, "\"doctype\"", "\"doc_type\"")).unwrap();
    assert_eq!(formats(&question), ["dc+sd-jwt"]);
    let error = offered(&mut office, |response| {
        change(&response, r#"["cose_key"]"#, r#"["did:key"]"#)
    })
    .unwrap_err();
    assert_eq!(error, Unsupported::Binding.into());
}

/// The keys that a credential request proves.
fn proven_keys(request: &HttpRequest) -> Vec<PublicKey> {
    let body = Json::parse(request.body(), &mut Budget::default()).unwrap();
    let proofs = body.get("proofs").and_then(|proofs| proofs.get("jwt")).unwrap();
    let key = |proof: &Json| {
        let header = proof.as_str().unwrap().split('.').next().unwrap();
        let header = Json::parse(base64url::decode(header).unwrap(), &mut Budget::default()).unwrap();
        PublicKey::from_jwk(header.get("jwk").unwrap()).unwrap()
    };
    proofs.as_array().unwrap().iter().map(key).collect()
}

/// Receives from an office that delivers these mdocs instead of its own.
fn deliver(issue: impl Fn(&mut Campus, &[PublicKey]) -> Vec<String>) -> Result<Outcome, IssuanceError> {
    let mut office = School::office();
    let mut campus = Campus::new();
    let offer = office.offer_pid();
    let mut phone = Phone::new(&office, &offer);
    phone
        .trust
        .add_anchor(Role::Issuers, campus.school_root.certificate().clone());
    phone.receive(&offer.offer, now(), |request| {
        let response = office.handle(request);
        let body = String::from_utf8_lossy(request.body()).into_owned();
        if !request.url().path().ends_with("/credential") || !body.contains(PID_MDOC) {
            return response;
        }
        let items: Vec<String> = issue(&mut campus, &proven_keys(request))
            .iter()
            .map(|credential| format!("{{\"credential\":\"{credential}\"}}"))
            .collect();
        let body = format!("{{\"credentials\":[{}]}}", items.join(","));
        HttpResponse::of_type(200, "application/json", body)
    })
}

fn refused(issue: impl Fn(&mut Campus, &[PublicKey]) -> Vec<String>) -> Rejection {
    match deliver(issue) {
        Ok(Outcome::Refused {
            error: IssuanceError::Refused(rejection),
            ..
        })
        | Err(IssuanceError::Refused(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

fn seeded(campus: &mut Campus, plan: Blueprint, seed: u8) -> String {
    let concealed = plan.conceal(&mut TestRandom::new(seed)).unwrap();
    base64url::encode(concealed.sign(&campus.school.key, &campus.school.chain))
}

#[test]
fn each_broken_rule_of_a_copy_refuses_the_whole() {
    let good = deliver(|campus, keys| {
        let copies = keys.iter().map(|key| {
            let plan = campus.pid_mdoc(key);
            campus.sign_mdoc(plan)
        });
        copies.collect()
    });
    assert_eq!(
        received(good).credentials()[1].copies.len(),
        5,
        "the copies that are spoilt below"
    );

    let code = |rejection: &Rejection| match rejection {
        Rejection::Credential(error) => error.code(),
        other => panic!("{other:?}"),
    };
    let tampered = refused(|campus, keys| {
        let plan = campus.pid_mdoc(&keys[0]);
        let mut bytes = base64url::decode(campus.sign_mdoc(plan)).unwrap();
        let place = bytes.windows(10).position(|window| window == b"Musterfrau").unwrap();
        bytes[place] = b'm';
        vec![base64url::encode(bytes)]
    });
    assert_eq!(code(&tampered), "mdoc.digest_mismatch");
    assert_eq!(code(&refused(|_, _| vec!["a.b.c~".to_owned()])), "mdoc.encoding");
    let stranger = refused(|campus, keys| {
        let plan = campus.pid_mdoc(&keys[0]);
        let stranger = Signer::of_another_root(LeafProfile::new("Fremde"), campus);
        let concealed = plan.conceal(&mut campus.random).unwrap();
        vec![base64url::encode(concealed.sign(&stranger.key, &stranger.chain))]
    });
    assert_eq!(code(&stranger), "trust.untrusted_path");
    let expired = refused(|campus, keys| {
        let (begin, end) = (campus.now.plus(-3600), campus.now.plus(-60));
        let plan = campus.pid_mdoc(&keys[0]).validity(begin, begin, end);
        vec![campus.sign_mdoc(plan)]
    });
    assert_eq!(code(&expired), "mdoc.expired");

    let other_type = refused(|campus, keys| {
        let end = campus.now.plus(86_400 * 90);
        let plan = Blueprint::new("org.iso.18013.5.1.mDL")
            .element("org.iso.18013.5.1", "family_name", CborValue::from("Musterfrau"))
            .validity(campus.now, campus.now, end)
            .device_key(&keys[0]);
        vec![campus.sign_mdoc(plan)]
    });
    assert_eq!(other_type, Rejection::WrongType);
    let foreign_key = refused(|campus, _| vec![campus.issue_pid_mdoc("other")]);
    assert_eq!(foreign_key, Rejection::KeyNotOurs);
    let many = refused(|campus, keys| {
        (0..6)
            .map(|seed| seeded(campus, campus.pid_mdoc(&keys[0]), 20 + seed))
            .collect()
    });
    assert_eq!(many, Rejection::TooManyCopies { count: 6, keys: 5 });
}

#[test]
fn copies_agree_and_share_nothing_that_links_them() {
    let two = |edit: fn(&Campus, Blueprint) -> Blueprint, seed: u8| {
        refused(move |campus, keys| {
            let first = seeded(campus, campus.pid_mdoc(&keys[0]), 10);
            let plan = edit(campus, campus.pid_mdoc(&keys[1]));
            vec![first, seeded(campus, plan, seed)]
        })
    };
    let value = two(
        |_, plan| plan.element(PID_MDOC, "birth_place", CborValue::from("Köln")),
        11,
    );
    assert_eq!(value, Rejection::CopiesDiffer);
    let validity = two(
        |campus, plan| {
            let signed = campus.now.plus(-86_400);
            plan.validity(signed, signed, campus.now.plus(86_400 * 60))
        },
        11,
    );
    assert_eq!(validity, Rejection::CopiesDiffer);
    // The same chance twice: the same random values under the same digests.
    assert_eq!(two(|_, plan| plan, 10), Rejection::CopiesLinked { what: "a salt" });
    let key = refused(|campus, keys| {
        let plans = [campus.pid_mdoc(&keys[0]), campus.pid_mdoc(&keys[0])];
        plans.into_iter().map(|plan| campus.sign_mdoc(plan)).collect()
    });
    assert_eq!(key, Rejection::CopiesLinked { what: "a key" });
    let status = refused(|campus, keys| {
        let reference = StatusListReference::new(7, "https://school.example/status/1");
        let plans = [0, 1].map(|index| campus.pid_mdoc(&keys[index]).status(&reference));
        plans.into_iter().map(|plan| campus.sign_mdoc(plan)).collect()
    });
    assert_eq!(status, Rejection::CopiesLinked { what: "a status entry" });
}

fn university() -> Presentation {
    Presentation::new(
        Party::new("University", None, Environment::Test),
        Vec::new(),
        Vec::new(),
    )
}

#[test]
fn both_formats_are_held_shown_and_spent() {
    let (_, receipt, _) = receive(false);
    let random = &mut TestRandom::new(9);
    let rulebook = Rulebook::bundled();
    let store = Box::new(MemoryStore::new());
    let mut wallet = Wallet::create(store, Environment::Test, now(), random).unwrap();
    let (ids, _) = wallet.keep(receipt, &rulebook, now(), random).unwrap();
    assert_eq!(ids.len(), 2);
    let holding = wallet.holding(ids[1]).unwrap();
    assert_eq!(
        (holding.format, holding.type_names.as_slice()),
        (Format::MsoMdoc, &[PID_MDOC.to_owned()][..])
    );
    assert_eq!((holding.unused(), holding.copies.len()), (5, 5));
    assert!(holding.issued_at.is_some() && holding.valid_until.is_some());
    assert!(!holding.issuer.authority_key_ids.is_empty(), "for queries by `aki`");
    let name = |language| holding.display_name(&rulebook, language);
    assert!(name(Language::German) != PID_MDOC && name(Language::English) != PID_MDOC);
    let read = wallet.read_credential(&holding).unwrap();
    assert_eq!(read.credential().type_name(), PID_MDOC);

    let mut seen = BTreeSet::new();
    for left in (0..5).rev() {
        let hand = wallet.hand().unwrap();
        assert_eq!(hand.len(), 2);
        let held = hand
            .iter()
            .find(|held| held.credential.credential().format() == Format::MsoMdoc)
            .unwrap();
        assert!(!held.shown_before);
        assert!(
            seen.insert(held.credential.credential().to_text()),
            "another copy each time"
        );
        let copy = CopyRef::parse(&held.id).unwrap();
        wallet.spend(&[copy], university(), now(), random).unwrap();
        assert_eq!(wallet.holding(ids[1]).unwrap().unused(), left);
        if left > 0 {
            assert_eq!(
                wallet.spend(&[copy], university(), now(), random).unwrap_err().code(),
                "wallet.copy_gone"
            );
        }
    }
    let again = wallet.hand().unwrap();
    assert_eq!(again.iter().filter(|held| held.shown_before).count(), 1);
    let events = wallet.history().unwrap();
    let issued = events.iter().filter_map(|entry| match &entry.event {
        Event::Issuance(event) => Some((event.credential_type.as_str(), event.issued)),
        _ => None,
    });
    assert_eq!(issued.collect::<Vec<_>>(), [(PID_MDOC, 5), (PID, 5)]);
    wallet.delete(ids[1], now(), random).unwrap();
    assert_eq!(wallet.hand().unwrap().len(), 1);
}

#[test]
fn a_holding_is_not_renewed_in_another_format() {
    let (_, receipt, _) = receive(false);
    let random = &mut TestRandom::new(9);
    let rulebook = Rulebook::bundled();
    let store = Box::new(MemoryStore::new());
    let mut wallet = Wallet::create(store, Environment::Test, now(), random).unwrap();
    let (received, _) = receipt.into_parts();
    let mut new = received
        .into_iter()
        .map(|one| NewHolding::of_received(one, &rulebook).unwrap());
    let (sd_jwt, mdoc) = (new.next().unwrap(), new.next().unwrap().reused(Reuse::for_batch(5)));
    let id = wallet.add(sd_jwt, now(), random).unwrap();
    let error = wallet.renew(id, mdoc, now(), random).unwrap_err();
    assert_eq!(error.code(), "wallet.other_credential");
}
