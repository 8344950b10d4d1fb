//! A pupil's wallet receives a school report, and refuses what is not as it should be.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Budget, Json};
use wallet_core::credential::sd_jwt::SdJwtError;
use wallet_core::crypto::{AgreementKey, ContentCipher, Curve, SigningKey, VerifyingKey};
use wallet_core::envelope::jwe::{EncryptedJwe, Recipient, encrypt};
use wallet_core::http::{Headers, HttpRequest, HttpResponse, UrlError};
use wallet_core::issuance::{
    self, Answer, Config, Denial, IssuanceError, Misuse, Outcome, PeerMisbehaved, Receipt, Rejection, Step, Topic,
    Unsupported,
};
use wallet_core::issuer::{HistoryEvent, OfferCreated, OfferForm, OfferState};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::protocol::oauth::OAuthError;
use wallet_core::protocol::openid4vci::{MetadataError, OfferError, OfferLink, TxCodeError};
use wallet_core::trust::{Environment, TrustError, TrustStore};
use wallet_tests::TestRandom;
use wallet_tests::issuing::{Phone, REPORT, SCHOOL, School, now};

/// Receives from a school whose answers `tamper` may change.
fn receive(
    prepare: impl FnOnce(&mut Phone),
    mut tamper: impl FnMut(&HttpRequest, HttpResponse, &mut School) -> HttpResponse,
) -> (Result<Outcome, IssuanceError>, School, OfferCreated) {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let mut phone = Phone::new(&school, &offer);
    prepare(&mut phone);
    let outcome = phone.receive(&offer.offer, now(), |request| {
        let response = school.handle(request);
        tamper(request, response, &mut school)
    });
    (outcome, school, offer)
}

fn untampered(_: &HttpRequest, response: HttpResponse, _: &mut School) -> HttpResponse {
    response
}

fn received(outcome: Result<Outcome, IssuanceError>) -> Receipt {
    match outcome {
        Ok(Outcome::Received(receipt)) => receipt,
        other => panic!("{other:?}"),
    }
}

fn error(outcome: Result<Outcome, IssuanceError>) -> IssuanceError {
    match outcome {
        Err(error) | Ok(Outcome::Refused { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

fn json(status: u16, text: &str) -> HttpResponse {
    HttpResponse::of_type(status, "application/json", text)
}

/// The response with one change to its text.
fn change(response: &HttpResponse, from: &str, to: &str) -> HttpResponse {
    let text = std::str::from_utf8(response.body()).unwrap();
    assert!(text.contains(from), "{text}");
    json(response.status(), &text.replacen(from, to, 1))
}

fn is_metadata(request: &HttpRequest) -> bool {
    request.url().path().contains("openid-credential-issuer")
}

/// The keys that a credential request proves.
fn proven_keys(request: &HttpRequest) -> Vec<PublicKey> {
    let body = Json::parse(request.body(), &mut Budget::default()).unwrap();
    let proofs = body.get("proofs").and_then(|proofs| proofs.get("jwt")).unwrap();
    let key = |proof: &Json| {
        let header = proof.as_str().unwrap().split('.').next().unwrap();
        let header = wallet_core::codec::base64url::decode(header).unwrap();
        let header = Json::parse(header, &mut Budget::default()).unwrap();
        PublicKey::from_jwk(header.get("jwk").unwrap()).unwrap()
    };
    proofs.as_array().unwrap().iter().map(key).collect()
}

fn answer_with(credentials: &[String]) -> HttpResponse {
    let items: Vec<String> = credentials
        .iter()
        .map(|credential| format!("{{\"credential\":\"{credential}\"}}"))
        .collect();
    let body = format!("{{\"credentials\":[{}],\"notification_id\":\"n\"}}", items.join(","));
    json(200, &body)
}

#[test]
fn a_report_travels_from_the_school_to_the_wallet() {
    for form in [OfferForm::ByReference, OfferForm::ByValue] {
        let mut school = School::new();
        let offer = school.offer(form);
        let mut phone = Phone::new(&school, &offer);
        let outcome = phone.receive(&offer.offer, now(), |request| school.handle(request));
        let (credentials, report) = received(outcome).into_parts();
        assert_eq!(credentials.len(), 1);
        assert_eq!(credentials[0].credential_issuer, SCHOOL);
        assert_eq!(credentials[0].name.as_deref(), Some("School report"));
        assert_eq!(credentials[0].copies.len(), 5);
        let mut handles = Vec::new();
        for copy in &credentials[0].copies {
            let credential = copy.credential.credential();
            assert_eq!(credential.type_name(), REPORT);
            assert_eq!(credential.claims().get("given_name"), Some(&Json::from("Ada")));
            assert_eq!(copy.credential.issuer().name, "Gymnasium am Test");
            let handle = copy.key.clone().unwrap();
            let key = &phone.keys[handle.as_str().parse::<usize>().unwrap()];
            assert_eq!(credential.holder_key(), Some(&PublicKey::from(key)));
            assert!(!handles.contains(&handle));
            handles.push(handle);
        }
        let step = report.expect("the school wants to know").send(now()).unwrap();
        let outcome = phone.drive(step, now(), &mut |request: &HttpRequest| school.handle(request));
        assert!(matches!(outcome, Ok(Outcome::Reported { delivered: true })));
        let record = school.authority.record(&offer.id).unwrap();
        assert_eq!(record.offer, OfferState::Accepted);
        assert_eq!(record.copies.len(), 5);
        // One approval for all five proofs: "sign" once; "seal" is the transport key.
        assert_eq!(phone.log.iter().filter(|word| **word == "sign").count(), 1);
    }
}

#[test]
fn nobody_is_contacted_before_the_user_agreed() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let step = issuance::begin(&offer.offer, &Config::default(), &mut TestRandom::new(3)).unwrap();
    let Step::Ask(question) = step else { panic!("{step:?}") };
    let host = "school.example".to_owned();
    assert_eq!(question.topic(), &Topic::Contact { host });
    let step = question.answer(Answer::No, &school.trust(), now());
    assert!(matches!(step, Ok(Step::Done(Outcome::Declined { report: None }))));
}

#[test]
fn another_host_is_asked_for_anew() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let elsewhere = offer.offer.replace("school.example", "links.example");
    let mut phone = Phone::new(&school, &offer);
    let outcome = phone.receive(&elsewhere, now(), |request| school.handle(request));
    received(outcome);
    assert_eq!(&phone.log[..4], ["contact?", "send", "contact?", "send"]);
}

#[test]
fn the_user_sees_what_is_offered_and_what_arrived() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByValue);
    let mut phone = Phone::new(&school, &offer);
    phone.config.languages = vec!["de-AT".to_owned()];
    let mut step = issuance::begin(&offer.offer, &phone.config, &mut TestRandom::new(3)).unwrap();
    let mut seen = 0;
    loop {
        step = match step {
            Step::Ask(question) => {
                let answer = match question.topic() {
                    Topic::Offer(summary) => {
                        seen += 1;
                        assert_eq!(summary.issuer, SCHOOL);
                        assert_eq!(summary.claimed_name.as_deref(), Some("Gymnasium am Test"));
                        assert_eq!(summary.credentials[0].name.as_deref(), Some("Schulzeugnis"));
                        assert_eq!(summary.credentials[0].copies, 5);
                        assert_eq!(summary.code_goes_to, "school.example");
                        assert_eq!(summary.tx_code.as_ref().and_then(|code| code.length), Some(6));
                        assert_eq!(question.check_code("12345a"), Err(TxCodeError::NotNumeric));
                        Answer::Code(offer.tx_code.clone().unwrap())
                    }
                    Topic::Keep(preview) => {
                        seen += 1;
                        assert_eq!(preview.issuer_name, "Gymnasium am Test");
                        assert!(preview.test);
                        let claims = &preview.credentials[0].claims;
                        assert_eq!(claims.get("birthdate"), Some(&Json::from("2008-02-29")));
                        assert_eq!(preview.credentials[0].copies, 5);
                        assert_eq!(
                            preview.credentials[0].validity().expires,
                            Some(now().plus(300 * 86_400))
                        );
                        Answer::No
                    }
                    _ => Answer::Yes,
                };
                question.answer(answer, &phone.trust, now()).unwrap()
            }
            Step::Send(exchange) => {
                let response = school.handle(exchange.request());
                exchange.answer(&response, &phone.trust, now()).unwrap()
            }
            Step::Keys(order) => {
                let keys = phone.make_keys(&order);
                order.answer(keys, now()).unwrap()
            }
            Step::Sign(signing) => {
                let signatures = phone.sign(&signing);
                signing.answer(&signatures).unwrap()
            }
            Step::Wait(_) => panic!("nothing is deferred"),
            // What the user does not want is not kept, and the school is told.
            Step::Done(Outcome::Declined { report: Some(report) }) => {
                let step = report.send(now()).unwrap();
                let mut transport = |request: &HttpRequest| school.handle(request);
                phone.drive(step, now(), &mut transport).unwrap();
                break;
            }
            Step::Done(outcome) => panic!("{outcome:?}"),
        };
    }
    assert_eq!(seen, 2);
    let record = school.authority.record(&offer.id).unwrap();
    let deleted = HistoryEvent::Notified {
        event: "credential_deleted".into(),
    };
    assert_eq!(record.history.last().unwrap().event, deleted);
}

#[test]
fn a_flow_survives_the_end_of_the_process_at_every_step() {
    let run = |restarts: bool| {
        let mut log = Vec::new();
        let mut school = School::new();
        let offer = school.offer(OfferForm::ByReference);
        let mut phone = Phone::new(&school, &offer);
        phone.restarts = restarts;
        let outcome = phone.receive(&offer.offer, now(), |request| {
            log.push(format!("{request:?} {}", String::from_utf8_lossy(request.body())));
            school.handle(request)
        });
        let (credentials, _) = received(outcome).into_parts();
        let texts: Vec<String> = credentials[0]
            .copies
            .iter()
            .map(|copy| copy.credential.credential().to_text())
            .collect();
        (log, phone.log, texts)
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn what_was_not_stored_is_asked_again() {
    let (outcome, school, _) = receive(|_| {}, untampered);
    let step = Step::resume(&Step::Done(outcome.unwrap()).suspend()).unwrap();
    let Step::Ask(question) = step else { panic!("{step:?}") };
    assert!(matches!(question.topic(), Topic::Keep(_)));
    let step = question.answer(Answer::Yes, &school.trust(), now());
    assert!(matches!(step, Ok(Step::Done(Outcome::Received(_)))));
    assert_eq!(Step::resume(b"{}").unwrap_err(), Misuse::NotAStep.into());
    let over = Step::Done(Outcome::Reported { delivered: true });
    assert_eq!(Step::resume(&over.suspend()).unwrap_err(), Misuse::Over.into());
}

#[test]
fn a_wrong_transaction_code_is_told_with_a_remedy() {
    let wrong = |phone: &mut Phone| {
        let code = phone.tx_code.take().unwrap();
        phone.tx_code = Some(if code == "000000" {
            "000001".into()
        } else {
            "000000".into()
        });
    };
    let (outcome, school, offer) = receive(wrong, untampered);
    let error = error(outcome);
    assert_eq!(error, Denial::Code.into());
    assert_eq!(error.code(), "issuance.denied.code");
    assert!(error.remedy().contains("transaction code"));
    let record = school.authority.record(&offer.id).unwrap();
    assert_eq!(record.offer, OfferState::Open);
    assert_eq!(record.history.last().unwrap().event, HistoryEvent::WrongCode);
}

#[test]
fn a_transaction_code_of_another_form_is_not_sent() {
    let mut sent = 0;
    let (outcome, ..) = receive(
        |phone| phone.tx_code = Some("12345".into()),
        |request, response, _| {
            sent += usize::from(request.url().path().ends_with("/token"));
            response
        },
    );
    let length = TxCodeError::Length {
        entered: 5,
        expected: 6,
    };
    assert_eq!(error(outcome), Misuse::TxCodeForm(length).into());
    assert_eq!(sent, 0);
    let (outcome, ..) = receive(|phone| phone.tx_code = None, untampered);
    assert_eq!(error(outcome), Misuse::TxCode.into());
}

#[test]
fn an_offer_is_collected_once() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByValue);
    received(Phone::new(&school, &offer).receive(&offer.offer, now(), |request| school.handle(request)));
    let mut other = Phone::new(&school, &offer).seeded(8);
    let again = other.receive(&offer.offer, now(), |request| school.handle(request));
    assert_eq!(error(again), Denial::Code.into());
}

#[test]
fn offers_that_lead_astray_are_refused_before_anyone_is_asked() {
    let mut school = School::new();
    let by_value = school.offer(OfferForm::ByValue).offer;
    let by_reference = school.offer(OfferForm::ByReference).offer;
    let begin = |text: &str| {
        issuance::begin(text, &Config::default(), &mut TestRandom::new(3))
            .map(|_| ())
            .unwrap_err()
    };
    let both = format!("{by_value}&{}", by_reference.split_once('?').unwrap().1);
    assert_eq!(begin(&both), OfferError::BothForms.into());
    let plain = by_value.replace("https%3A%2F%2Fschool", "http%3A%2F%2Fschool");
    let not_https = |member| OfferError::Link {
        member,
        error: UrlError::NotHttps,
    };
    assert_eq!(begin(&plain), not_https("credential_issuer").into());
    let plain = by_reference.replace("https%3A%2F%2Fschool", "http%3A%2F%2Fschool");
    assert_eq!(begin(&plain), not_https("credential_offer_uri").into());
    assert_eq!(begin("https://school.example"), OfferError::Empty.into());
    assert_eq!(begin("mailto:a@b.example"), OfferError::Scheme.into());
    assert_eq!(begin("mailto:a@b.example").code(), "offer.scheme");
}

#[test]
fn offers_of_other_kinds_are_refused_with_a_remedy() {
    let offer = |grants: &str| {
        let text = format!(
            r#"{{"credential_issuer":"{SCHOOL}","credential_configuration_ids":["{REPORT}"],"grants":{grants}}}"#
        );
        issuance::begin(&text, &Config::default(), &mut TestRandom::new(3))
            .map(|_| ())
            .unwrap_err()
    };
    let login = offer(r#"{"authorization_code":{}}"#);
    assert_eq!(login, Unsupported::AuthorizationCode.into());
    assert!(login.remedy().contains("pre-authorized code"));
    assert_eq!(offer("{}"), Unsupported::NoGrant.into());
}

#[test]
fn metadata_must_be_that_of_the_issuer() {
    let tamper = |from: &'static str, to: &'static str| {
        let (outcome, ..) = receive(
            |_| {},
            |request, response, _| {
                if is_metadata(request) {
                    change(&response, from, to)
                } else {
                    response
                }
            },
        );
        error(outcome)
    };
    assert_eq!(
        tamper("https://school.example/vci\"", "https://school.example/vc\""),
        MetadataError::IssuerDiffers.into()
    );
    assert_eq!(
        tamper(
            "https://school.example/vci/credential",
            "http://school.example/vci/credential"
        ),
        MetadataError::Link {
            member: "credential_endpoint",
            error: UrlError::NotHttps
        }
        .into()
    );
    assert_eq!(
        tamper("\"urn:mappe:de:school-report:1\":{", "\"urn:mappe:de:other:1\":{"),
        PeerMisbehaved::UnknownConfiguration.into()
    );
    assert_eq!(tamper("dc+sd-jwt", "mso_mdoc"), Unsupported::Format.into());
    assert_eq!(tamper("[\"jwk\"]", "[\"cose_key\"]"), Unsupported::Binding.into());
    assert_eq!(
        tamper("[\"ES256\",\"ES384\",\"EdDSA\"]", "[\"RS256\"]"),
        Unsupported::ProofAlgorithm.into()
    );
    assert_eq!(
        tamper(
            "\"proof_signing_alg_values",
            "\"key_attestations_required\":{},\"proof_signing_alg_values"
        ),
        Unsupported::KeyAttestation.into()
    );
}

#[test]
fn the_authorization_server_must_be_that_of_the_issuer() {
    let tamper = |from: &'static str, to: &'static str| {
        let (outcome, ..) = receive(
            |_| {},
            |request, response, _| {
                if request.url().path().contains("oauth-authorization-server") {
                    change(&response, from, to)
                } else {
                    response
                }
            },
        );
        error(outcome)
    };
    assert_eq!(
        tamper("https://school.example/vci\"", "https://school.example/as\""),
        OAuthError::IssuerDiffers.into()
    );
    assert_eq!(
        tamper("pre-authorized_code\"]", "other\"]"),
        PeerMisbehaved::Grant.into()
    );
}

#[test]
fn redirects_and_failures_are_not_followed() {
    let answer = |status: u16| {
        let response =
            HttpResponse::new(status, Headers::new(), Vec::new()).with_header("Location", "https://a.example");
        let (outcome, ..) = receive(
            |_| {},
            |request, plain, _| if is_metadata(request) { response.clone() } else { plain },
        );
        error(outcome)
    };
    assert_eq!(answer(302), PeerMisbehaved::Redirect.into());
    assert_eq!(answer(404), PeerMisbehaved::Status { status: 404 }.into());
    assert_eq!(answer(503), IssuanceError::Unavailable { status: 503 });
}

#[test]
fn signed_metadata_is_verified() {
    let signed = |tamper: fn(String) -> String| {
        receive(
            |_| {},
            move |request, response, school| {
                if !is_metadata(request) {
                    return response;
                }
                let response = school.handle(&HttpRequest::get(request.url().clone(), "application/jwt"));
                let text = String::from_utf8(response.body().to_vec()).unwrap();
                HttpResponse::of_type(200, "application/jwt", tamper(text))
            },
        )
        .0
    };
    received(signed(|text| text));
    let broken = signed(|mut text| {
        text.truncate(text.len() - 6);
        text + "AAAAAA"
    });
    assert_eq!(error(broken).code(), "jws.bad_signature");
    let other = signed(|text| text.replacen('.', ".e30.", 1));
    assert_eq!(error(other).code(), "jws.not_three_parts");
}

#[test]
fn a_credential_of_an_unknown_issuer_is_refused_and_reported() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let mut phone = Phone::new(&school, &offer);
    phone.trust = TrustStore::new(Environment::Test);
    let outcome = phone.receive(&offer.offer, now(), |request| school.handle(request));
    let Ok(Outcome::Refused { error, report }) = outcome else {
        panic!("{outcome:?}")
    };
    let unknown = SdJwtError::Trust(TrustError::UntrustedPath);
    assert_eq!(error, Rejection::Credential(unknown.into()).into());
    assert!(error.remedy().contains("trusted issuers"));
    let step = report.unwrap().send(now()).unwrap();
    phone
        .drive(step, now(), &mut |request: &HttpRequest| school.handle(request))
        .unwrap();
    let record = school.authority.record(&offer.id).unwrap();
    let failure = HistoryEvent::Notified {
        event: "credential_failure".into(),
    };
    assert_eq!(record.history.last().unwrap().event, failure);
}

#[test]
fn a_signature_by_another_key_is_noticed_before_it_is_sent() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByValue);
    let phone = Phone::new(&school, &offer);
    let mut step = issuance::begin(&offer.offer, &phone.config, &mut TestRandom::new(3)).unwrap();
    let key = SigningKey::generate(Curve::P256, &mut TestRandom::new(9));
    loop {
        step = match step {
            Step::Send(exchange) => {
                let response = school.handle(exchange.request());
                exchange.answer(&response, &phone.trust, now()).unwrap()
            }
            Step::Ask(question) => {
                let answer = match question.topic() {
                    Topic::Offer(_) => Answer::Code(offer.tx_code.clone().unwrap()),
                    _ => Answer::Yes,
                };
                question.answer(answer, &phone.trust, now()).unwrap()
            }
            Step::Keys(order) => {
                let count = order.wanted().len();
                let one = (KeyHandle::new("0"), PublicKey::from(&key));
                let twice = vec![one; count];
                let repeated = order.clone().answer(twice, now()).unwrap_err();
                assert_eq!(repeated, Misuse::KeyRepeated.into());
                let none = order.clone().answer(Vec::new(), now()).unwrap_err();
                assert_eq!(
                    none,
                    Misuse::Count {
                        given: 0,
                        wanted: count
                    }
                    .into()
                );
                let mut phone = Phone::new(&school, &offer);
                let keys = phone.make_keys(&order);
                order.answer(keys, now()).unwrap()
            }
            Step::Sign(signing) => {
                let signatures: Vec<_> = signing
                    .requests()
                    .iter()
                    .map(|request| key.sign(request.message()))
                    .collect();
                assert_eq!(signing.answer(&signatures).unwrap_err(), Misuse::BadSignature.into());
                break;
            }
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn a_credential_of_another_type_is_refused() {
    let (outcome, ..) = receive(
        |_| {},
        |request, response, _| {
            if is_metadata(request) {
                change(
                    &response,
                    "\"vct\":\"urn:mappe:de:school-report:1\"",
                    "\"vct\":\"urn:mappe:de:abitur:1\"",
                )
            } else {
                response
            }
        },
    );
    assert_eq!(error(outcome), Rejection::WrongType.into());
}

#[test]
fn a_credential_for_somebody_elses_key_is_refused() {
    let stranger = SigningKey::generate(Curve::P256, &mut TestRandom::new(77));
    let error = issue_instead(|school, _| vec![sign(school, &PublicKey::from(&stranger), 5, |_| {})]);
    assert_eq!(error, Rejection::KeyNotOurs.into());
}

#[test]
fn a_credential_for_no_key_is_refused() {
    let (outcome, ..) = receive(
        |_| {},
        |request, response, school| {
            if !request.url().path().ends_with("/credential") {
                return response;
            }
            let record = school.record();
            let issued = school.authority.issue(record, None, now(), &mut TestRandom::new(5));
            answer_with(&[issued.unwrap().1])
        },
    );
    assert_eq!(error(outcome), Rejection::KeyNotOurs.into());
}

/// Receives from a school that answers the credential request with what `issue` signs for the proven keys.
fn issue_instead(issue: impl Fn(&mut School, &[PublicKey]) -> Vec<String>) -> IssuanceError {
    let (outcome, ..) = receive(
        |_| {},
        |request, response, school| {
            if request.url().path().ends_with("/credential") {
                answer_with(&issue(school, &proven_keys(request)))
            } else {
                response
            }
        },
    );
    error(outcome)
}

fn sign(school: &mut School, key: &PublicKey, seed: u8, edit: impl FnOnce(&mut wallet_core::issuer::Record)) -> String {
    let mut record = school.record();
    edit(&mut record);
    let issued = school
        .authority
        .issue(record, Some(key), now(), &mut TestRandom::new(seed));
    issued.unwrap().1
}

#[test]
fn copies_that_do_not_agree_are_refused() {
    let other_value = issue_instead(|school, keys| {
        let one = sign(school, &keys[0], 10, |_| {});
        let two = sign(school, &keys[1], 11, |record| {
            record.claims.insert("given_name", Json::from("Eve"));
        });
        vec![one, two]
    });
    assert_eq!(other_value, Rejection::CopiesDiffer.into());
    let other_end = issue_instead(|school, keys| {
        let one = sign(school, &keys[0], 10, |_| {});
        let two = sign(school, &keys[1], 11, |record| {
            record.validity = wallet_core::time::Validity::new(None, Some(now().plus(86_400)));
        });
        vec![one, two]
    });
    assert_eq!(other_end, Rejection::CopiesDiffer.into());
}

#[test]
fn copies_that_could_be_linked_are_refused() {
    let one_key =
        issue_instead(|school, keys| vec![sign(school, &keys[0], 10, |_| {}), sign(school, &keys[0], 11, |_| {})]);
    assert_eq!(one_key, Rejection::CopiesLinked { what: "a key" }.into());
}

#[test]
fn more_copies_than_keys_are_refused() {
    let many = issue_instead(|school, keys| {
        let copies = (0..6).map(|seed| sign(school, &keys[0], 20 + seed, |_| {}));
        copies.collect()
    });
    assert_eq!(many, Rejection::TooManyCopies { count: 6, keys: 5 }.into());
}

#[test]
fn an_altered_copy_spoils_the_batch() {
    let altered = issue_instead(|school, keys| {
        let one = sign(school, &keys[0], 10, |_| {});
        let two = sign(school, &keys[1], 11, |_| {});
        // The last disclosure again.
        let disclosure = two.trim_end_matches('~').rsplit('~').next().unwrap().to_owned();
        vec![one, format!("{two}{disclosure}~")]
    });
    assert!(
        matches!(altered, IssuanceError::Refused(Rejection::Credential(_))),
        "{altered:?}"
    );
}

#[test]
fn an_expired_permission_is_noticed() {
    let (outcome, ..) = receive(
        |_| {},
        |request, response, _| {
            if request.url().path().ends_with("/token") {
                change(&response, "\"expires_in\":300", "\"expires_in\":0")
            } else {
                response
            }
        },
    );
    assert_eq!(error(outcome), Denial::Token.into());
}

#[test]
fn a_stale_nonce_is_replaced_once() {
    let stale = |times: usize| {
        let mut nonces = 0;
        let (outcome, ..) = receive(
            |_| {},
            |request, response, _| {
                if request.url().path().ends_with("/nonce") {
                    nonces += 1;
                    if nonces <= times {
                        return json(200, r#"{"c_nonce":"stale"}"#);
                    }
                }
                response
            },
        );
        (outcome, nonces)
    };
    let (outcome, nonces) = stale(1);
    received(outcome);
    assert_eq!(nonces, 2);
    let (outcome, nonces) = stale(9);
    assert_eq!(error(outcome), Denial::Proof.into());
    assert_eq!(nonces, 2);
}

#[test]
fn a_server_that_wants_its_nonce_in_dpop_gets_it() {
    let mut asked = Vec::new();
    let (outcome, ..) = receive(
        |_| {},
        |request, response, _| {
            let path = request.url().path().to_owned();
            let protected = path.ends_with("/token") || path.ends_with("/credential");
            if !protected {
                return response;
            }
            let proof = request.headers().get("DPoP").unwrap().split('.').nth(1).unwrap();
            let proof = wallet_core::codec::base64url::decode(proof).unwrap();
            let nonce = Json::parse(proof, &mut Budget::default()).unwrap();
            let nonce = nonce.get("nonce").and_then(Json::as_str).map(str::to_owned);
            asked.push((path.rsplit('/').next().unwrap().to_owned(), nonce.clone()));
            if nonce.as_deref() == Some("fresh") {
                return response;
            }
            if path.ends_with("/token") {
                json(400, r#"{"error":"use_dpop_nonce"}"#).with_header("DPoP-Nonce", "fresh")
            } else {
                response
            }
        },
    );
    // The school saw the first token request, so its code is spent: what counts here is the retry.
    assert_eq!(error(outcome), Denial::Code.into());
    assert_eq!(
        asked,
        [
            ("token".to_owned(), None),
            ("token".to_owned(), Some("fresh".to_owned()))
        ]
    );
}

#[test]
fn a_deferred_credential_is_waited_for() {
    for restarts in [false, true] {
        let mut kept = None;
        let mut polls = 0;
        let (outcome, ..) = receive(
            |phone| phone.restarts = restarts,
            |request, response, _| {
                let path = request.url().path();
                if is_metadata(request) {
                    return change(
                        &response,
                        "\"nonce_endpoint\"",
                        "\"deferred_credential_endpoint\":\"https://school.example/vci/deferred\",\"nonce_endpoint\"",
                    );
                }
                if path.ends_with("/credential") {
                    kept = Some(response);
                    return json(202, r#"{"transaction_id":"t","interval":60}"#);
                }
                if path.ends_with("/deferred") {
                    polls += 1;
                    assert_eq!(request.body(), br#"{"transaction_id":"t"}"#);
                    if polls == 1 {
                        return json(202, r#"{"transaction_id":"t","interval":60}"#);
                    }
                    return kept.clone().unwrap();
                }
                response
            },
        );
        received(outcome);
        assert_eq!(polls, 2);
    }
}

#[test]
fn a_deferred_credential_needs_a_place_to_collect_it() {
    let (outcome, ..) = receive(
        |_| {},
        |request, response, _| {
            if request.url().path().ends_with("/credential") {
                json(202, r#"{"transaction_id":"t","interval":60}"#)
            } else {
                response
            }
        },
    );
    assert_eq!(error(outcome), PeerMisbehaved::DeferredEndpointMissing.into());
}

#[test]
fn denials_of_the_issuer_are_told_apart() {
    let denied = |code: &str| {
        let body = format!(r#"{{"error":"{code}"}}"#);
        let (outcome, ..) = receive(
            |_| {},
            |request, response, _| {
                if request.url().path().ends_with("/credential") {
                    json(400, &body)
                } else {
                    response
                }
            },
        );
        error(outcome)
    };
    assert_eq!(denied("credential_request_denied"), Denial::Credential.into());
    assert_eq!(denied("invalid_proof"), Denial::Proof.into());
    assert_eq!(
        denied("unknown_credential_configuration"),
        Denial::Other {
            error: "unknown_credential_configuration".into()
        }
        .into()
    );
    // Not a code: nothing of it is repeated.
    assert_eq!(denied("<b>call us</b>"), PeerMisbehaved::Status { status: 400 }.into());
}

#[test]
fn messages_are_encrypted_where_the_issuer_demands_it() {
    let encrypted = |plain_answer: bool| {
        let key = AgreementKey::generate(&mut TestRandom::new(40));
        let public = PublicKey::new(VerifyingKey::new(Curve::P256, &key.public_point()).unwrap());
        let jwk = Json::Object(
            public
                .to_jwk()
                .with("alg", Json::from("ECDH-ES"))
                .with("kid", Json::from("k1")),
        );
        let (outcome, ..) = receive(
            |_| {},
            |request, response, school| {
                if is_metadata(request) {
                    let required = format!(
                        "\"credential_request_encryption\":{{\"jwks\":{{\"keys\":[{jwk}]}},\"enc_values_supported\":[\"A256GCM\"],\"encryption_required\":true}},\"credential_response_encryption\":{{\"alg_values_supported\":[\"ECDH-ES\"],\"enc_values_supported\":[\"A128GCM\"],\"encryption_required\":true}},\"nonce_endpoint\""
                    );
                    return change(&response, "\"nonce_endpoint\"", &required);
                }
                if !request.url().path().ends_with("/credential") {
                    return response;
                }
                assert_eq!(request.headers().get("Content-Type"), Some("application/jwt"));
                let text = std::str::from_utf8(request.body()).unwrap();
                let jwe = EncryptedJwe::parse(text, &mut Budget::default()).unwrap();
                assert_eq!((jwe.kid(), jwe.enc()), (Some("k1"), ContentCipher::A256Gcm));
                let mut plain = Json::parse(jwe.decrypt(&key).unwrap(), &mut Budget::default()).unwrap();
                let wanted = plain
                    .as_object_mut()
                    .unwrap()
                    .remove("credential_response_encryption")
                    .unwrap();
                let request_in_clear = HttpRequest::post(request.url().clone(), "application/json", plain.to_string());
                let keys = proven_keys(&request_in_clear);
                let copies: Vec<String> = (0..2)
                    .map(|index| sign(school, &keys[index], 60 + u8::try_from(index).unwrap(), |_| {}))
                    .collect();
                let answer = answer_with(&copies);
                if plain_answer {
                    return answer;
                }
                let holder = PublicKey::from_jwk(wanted.get("jwk").unwrap()).unwrap();
                assert_eq!(wanted.get("enc"), Some(&Json::from("A128GCM")));
                let recipient = Recipient::new(holder, None, ContentCipher::A128Gcm);
                let sealed = encrypt(answer.body(), &recipient, &mut TestRandom::new(41)).unwrap();
                HttpResponse::of_type(200, "application/jwt", sealed)
            },
        );
        outcome
    };
    received(encrypted(false));
    assert_eq!(error(encrypted(true)), PeerMisbehaved::Encryption.into());
}

#[test]
fn a_bearer_token_is_taken_from_a_server_without_dpop() {
    let (outcome, ..) = receive(
        |_| {},
        |request, response, _| {
            if !request.url().path().ends_with("oauth-authorization-server/vci") {
                return response;
            }
            change(&response, "[\"ES256\",\"ES384\",\"EdDSA\"]", "[\"RS256\"]")
        },
    );
    received(outcome);
}

#[test]
fn links_carry_the_offer_that_was_made() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByValue);
    let link = OfferLink::parse(&offer.offer, wallet_core::http::LinkPolicy::HttpsOnly).unwrap();
    assert_eq!(link.encode(), offer.offer);
}
