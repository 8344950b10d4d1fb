use super::*;
use crate::codec::Budget;
use crate::codec::Json;
use crate::codec::Object;
use crate::credential::Format;
use crate::protocol::dcql::{Limited, Query, QueryError};

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

fn object(text: &str) -> Object {
    json(text).as_object().expect("an object").clone()
}

const CLAIMS: &str = r#"{
    "name":"Arthur Dent","passed":true,"none":null,
    "degrees":[{"type":"Bachelor","points":[9,12]},{"type":"Master","points":[13]},{"title":"Doctor"}],
    "nationalities":["British","Betelgeusian"],"mixed":[{"a":1},2],"empty":[]
}"#;

/// What one credential discloses for claims, as text, or the code of why not.
fn disclosed(query: &str) -> Result<Vec<String>, &'static str> {
    let text = format!(r#"{{"credentials":[{{"id":"q","format":"dc+sd-jwt","meta":{{}},{query}}}]}}"#);
    let query = Query::parse(&json(&text)).expect("a valid query");
    let claims = object(CLAIMS);
    let candidates = [Candidate::new("1", Format::DcSdJwt, &claims).with_holder_binding(true)];
    let evaluation = evaluate(&query, &candidates, &mut Budget::default()).expect("within the budget");
    let answer = &evaluation.answers()[0];
    match answer.why_not() {
        Some(why) => Err(why.code()),
        None => Ok(answer.matches()[0].disclose().iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn resolves_paths_to_the_places_they_select() {
    let of = |path: &str| disclosed(&format!(r#""claims":[{{"path":{path}}}]"#));
    let ok = |paths: &[&str]| Ok(paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>());
    assert_eq!(of(r#"["name"]"#), ok(&["name"]));
    assert_eq!(of(r#"["none"]"#), ok(&["none"]));
    assert_eq!(of(r#"["nationalities",1]"#), ok(&["nationalities[1]"]));
    assert_eq!(
        of(r#"["nationalities",null]"#),
        ok(&["nationalities[0]", "nationalities[1]"])
    );
    // §7.1.1 no. 2.1: an element without the key leaves the selection.
    assert_eq!(
        of(r#"["degrees",null,"type"]"#),
        ok(&["degrees[0].type", "degrees[1].type"])
    );
    assert_eq!(of(r#"["degrees",null,"points",1]"#), ok(&["degrees[0].points[1]"]));
    assert_eq!(
        of(r#"["degrees",null,"points",null]"#),
        ok(&["degrees[0].points[0]", "degrees[0].points[1]", "degrees[1].points[0]"])
    );
    // No. 3: nothing selected.
    for path in [
        r#"["x"]"#,
        r#"["nationalities",2]"#,
        r#"["empty",null]"#,
        r#"["degrees",null,"x"]"#,
    ] {
        assert_eq!(of(path), Err("dcql.claim.absent"), "{path}");
    }
    // No. 2: a step into the wrong type, though another element fits.
    for path in [
        r#"["name","x"]"#,
        r#"["degrees","type"]"#,
        r#"["name",0]"#,
        r#"["mixed",null,"a"]"#,
        "[0]",
        "[null]",
    ] {
        assert_eq!(of(path), Err("dcql.claim.path"), "{path}");
    }
}

#[test]
fn a_claim_with_another_value_counts_as_absent() {
    let of = |path: &str, values: &str| disclosed(&format!(r#""claims":[{{"path":{path},"values":{values}}}]"#));
    assert_eq!(of(r#"["name"]"#, r#"["x","Arthur Dent"]"#), Ok(vec!["name".to_owned()]));
    assert_eq!(of(r#"["name"]"#, r#"["arthur dent"]"#), Err("dcql.claim.value"));
    assert_eq!(of(r#"["passed"]"#, r#"["true",1]"#), Err("dcql.claim.value"));
    assert_eq!(of(r#"["degrees"]"#, r#"["x"]"#), Err("dcql.claim.value"));
    // Of several selected ones only those with the value leave.
    assert_eq!(
        of(r#"["degrees",null,"points",null]"#, "[12]"),
        Ok(vec!["degrees[0].points[1]".to_owned()])
    );
}

#[test]
fn the_first_satisfiable_claim_set_is_chosen() {
    let claims = r#""claims":[{"id":"a","path":["x"]},{"id":"b","path":["name"]},{"id":"c","path":["passed"]}]"#;
    let of = |sets: &str| disclosed(&format!(r#"{claims},"claim_sets":{sets}"#));
    assert_eq!(of(r#"[["b","a"],["c"],["b","c"]]"#), Ok(vec!["passed".to_owned()]));
    assert_eq!(of(r#"[["b"],["a"]]"#), Ok(vec!["name".to_owned()]));
    assert_eq!(of(r#"[["b","a"],["a"]]"#), Err("dcql.claim.absent"));
}

#[test]
fn nothing_leaves_where_no_claims_are_asked_for_and_nothing_twice() {
    assert_eq!(disclosed(r#""multiple":false"#), Ok(vec![]));
    assert_eq!(
        disclosed(
            r#""claims":[{"path":["nationalities",null]},{"path":["nationalities",1]},{"path":["nationalities",1]}]"#
        ),
        Ok(vec!["nationalities[0]".to_owned(), "nationalities[1]".to_owned()])
    );
}

#[test]
fn says_the_first_reason_why_a_credential_does_not_answer() {
    let query = Query::parse(&json(
        r#"{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{"vct_values":["urn:a","urn:b"]},
            "trusted_authorities":[{"type":"new_kind","values":["x"]},{"type":"aki","values":["AQID"]}],
            "claims":[{"path":["name"]}]}]}"#,
    ))
    .expect("valid");
    let (claims, none) = (object(CLAIMS), Object::new());
    let key: &[u8] = &[1, 2, 3];
    let fits = Candidate::new("fits", Format::DcSdJwt, &claims)
        .with_types(["urn:child", "urn:b"])
        .with_holder_binding(true)
        .with_authorities([Authority::KeyIdentifier(key)]);
    let bare = Candidate::new("bare", Format::DcSdJwt, &none);
    let bound = bare.clone().with_types(["urn:a"]).with_holder_binding(true);
    let cases = [
        (Candidate::new("mdoc", Format::MsoMdoc, &claims), "dcql.format"),
        (bare.clone().with_types(["urn:child"]), "dcql.type"),
        (bare.with_types(["urn:a"]), "dcql.holder_binding"),
        (bound.clone(), "dcql.authority"),
        (
            bound.clone().with_authorities([Authority::Named("etsi_tl", "AQID")]),
            "dcql.authority",
        ),
        (
            bound.with_authorities([Authority::KeyIdentifier(key)]),
            "dcql.claim.absent",
        ),
    ];
    let (mut held, codes): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let run = |held: &[Candidate<'_>]| evaluate(&query, held, &mut Budget::default()).expect("within the budget");
    let evaluation = run(&held);
    let answer = evaluation.answer("q").expect("asked");
    let why: Vec<_> = answer
        .unmatched()
        .iter()
        .map(|unmatched| unmatched.why().code())
        .collect();
    assert_eq!((evaluation.is_satisfied(), why), (false, codes));
    assert_eq!(answer.why_not().map(WhyNot::code), Some("dcql.claim.absent"));
    assert_eq!(run(&[]).answers()[0].why_not(), Some(&WhyNot::NothingHeld));
    held.push(fits);
    let evaluation = run(&held);
    assert_eq!(evaluation.answers()[0].matches()[0].candidate(), 6);
    assert!(evaluation.is_satisfied() && evaluation.answers()[0].why_not().is_none());
}

#[test]
fn an_mdoc_path_is_a_namespace_and_an_element() {
    let claims = object(r#"{"n":{"e":[1,{"a":2}]}}"#);
    let held = [Candidate::new("1", Format::MsoMdoc, &claims)
        .with_types(["d"])
        .with_holder_binding(true)];
    for (path, code) in [
        (r#"["n","e"]"#, None),
        (r#"["n"]"#, Some("dcql.claim.mdoc_path")),
        (r#"["n","e",0]"#, Some("dcql.claim.mdoc_path")),
        (r#"["n",null]"#, Some("dcql.claim.mdoc_path")),
        (r#"["n","x"]"#, Some("dcql.claim.absent")),
        (r#"["x","e"]"#, Some("dcql.claim.absent")),
    ] {
        let text = format!(
            r#"{{"credentials":[{{"id":"q","format":"mso_mdoc","meta":{{"doctype_value":"d"}},"claims":[{{"path":{path}}}]}}]}}"#
        );
        let query = Query::parse(&json(&text)).expect("valid");
        let evaluation = evaluate(&query, &held, &mut Budget::default()).expect("within the budget");
        assert_eq!(evaluation.answers()[0].why_not().map(WhyNot::code), code, "{path}");
    }
}

/// Queries `a` to `d`, of which `a` and `c` can be answered, under `sets`.
fn sets(sets: &str) -> Evaluation {
    let credential = |id: &str| format!(r#"{{"id":"{id}","format":"dc+sd-jwt","meta":{{"vct_values":["urn:{id}"]}}}}"#);
    let credentials = ["a", "b", "c", "d"].map(credential).join(",");
    let query = Query::parse(&json(&format!(r#"{{"credentials":[{credentials}]{sets}}}"#))).expect("valid");
    let claims = Object::new();
    let held = ["urn:a", "urn:c"].map(|vct| {
        let candidate = Candidate::new(vct, Format::DcSdJwt, &claims);
        candidate.with_types([vct]).with_holder_binding(true)
    });
    evaluate(&query, &held, &mut Budget::default()).expect("within the budget")
}

#[test]
fn every_required_set_needs_one_option_and_optional_ones_none() {
    let ids = |answers: Vec<&Answer>| answers.iter().map(|answer| answer.id().to_owned()).collect::<Vec<_>>();
    let of = |text: &str| {
        let evaluation = sets(text);
        (
            ids(evaluation.required_answers()),
            ids(evaluation.optional_answers()),
            evaluation.is_satisfied(),
        )
    };
    let none = Vec::<String>::new();
    assert_eq!(of(""), (none.clone(), none.clone(), false));
    assert_eq!(
        of(r#","credential_sets":[{"options":[["a","b"],["c"],["a"]]},{"options":[["a"],["b"]],"required":false}]"#),
        (vec!["c".to_owned()], vec!["a".to_owned()], true)
    );
    assert_eq!(
        of(r#","credential_sets":[{"options":[["c"]]},{"options":[["b"],["d"]]}]"#),
        (none.clone(), none.clone(), false)
    );
    assert_eq!(
        of(r#","credential_sets":[{"options":[["b"]],"required":false}]"#),
        (none.clone(), none, true)
    );
    let evaluation = sets(r#","credential_sets":[{"options":[["a","b"],["c"],["a"]]}]"#);
    let options: Vec<_> = evaluation.sets()[0].options().map(|(index, _)| index).collect();
    assert_eq!(options, [1, 2]);
    assert!(evaluation.is_answered_by(&["a"]) && evaluation.is_answered_by(&["a", "c"]));
    assert!(!evaluation.is_answered_by(&["b"]) && !evaluation.is_answered_by(&[]));
    assert!(!evaluation.is_answered_by(&["a", "b"]) && !evaluation.is_answered_by(&["a", "x"]));
}

#[test]
fn an_evaluation_stops_at_its_budget_with_both_numbers() {
    let query = Query::parse(&json(
        r#"{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{},"claims":[{"path":["a",null,null]}]}]}"#,
    ))
    .expect("valid");
    let row = format!("[{}]", vec!["1"; 100].join(","));
    let claims = object(&format!(r#"{{"a":[{}]}}"#, vec![row; 100].join(",")));
    let held = [Candidate::new("1", Format::DcSdJwt, &claims).with_holder_binding(true)];
    let steps = |allowed| {
        let result = evaluate(&query, &held, &mut Budget::new(0, 0, allowed));
        result.map(|evaluation| evaluation.answers()[0].matches()[0].disclose().len())
    };
    let limit = |required, allowed| {
        Err(QueryError::Limit {
            place: String::new(),
            what: Limited::Steps,
            required,
            allowed,
        })
    };
    assert_eq!(steps(100_000), Ok(10_000));
    assert_eq!(steps(500), limit(501, 500));
    // What cannot fit is refused before the first step.
    let held = vec![held[0].clone(); 600];
    let foreseen = evaluate(&query, &held, &mut Budget::new(0, 0, 500)).map(|_| 0);
    assert_eq!(foreseen, limit(600, 500));
    let mut budget = Budget::new(0, 0, 100_000);
    evaluate(&query, &held[..1], &mut budget).expect("within the budget");
    assert_eq!(budget.values(), 100_000 - 1 - 2 * (1 + 100 + 10_000));
}

#[test]
fn a_verifier_finds_an_element_after_those_before_it_were_withheld() {
    let query = Query::parse(&json(
        r#"{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{},
            "claims":[{"path":["subjects",2,"points",1],"values":[12]}]}]}"#,
    ))
    .expect("valid");
    let check = |claims: &str| {
        let claims = object(claims);
        let presented = [Candidate::new("1", Format::DcSdJwt, &claims).with_holder_binding(true)];
        check_presented(&query, [("q", presented.as_slice())], &mut Budget::default()).map_err(|error| error.code())
    };
    assert_eq!(check(r#"{"subjects":[{"points":[12]}]}"#), Ok(()));
    assert_eq!(check(r#"{"subjects":["x",{"points":[9,12]}]}"#), Ok(()));
    assert_eq!(check(r#"{"subjects":[{"points":[9]}]}"#), Err("dcql.claim.value"));
    assert_eq!(check(r#"{"subjects":[]}"#), Err("dcql.claim.absent"));
    // It cannot have moved up.
    assert_eq!(
        check(r#"{"subjects":[{},{},{},{"points":[12]}]}"#),
        Err("dcql.claim.absent")
    );
}

#[test]
fn a_verifier_checks_authorities_only_where_it_says_that_it_knows_them() {
    let query = Query::parse(&json(
        r#"{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{},
            "trusted_authorities":[{"type":"etsi_tl","values":["https://list.example"]}]}]}"#,
    ))
    .expect("valid");
    let claims = Object::new();
    let silent = Candidate::new("1", Format::DcSdJwt, &claims).with_holder_binding(true);
    let check = |candidate| {
        let presented = [candidate];
        check_presented(&query, [("q", presented.as_slice())], &mut Budget::default()).map_err(|error| error.code())
    };
    assert_eq!(check(silent.clone()), Ok(()));
    let listed = Authority::Named("etsi_tl", "https://list.example");
    assert_eq!(check(silent.clone().with_authorities([listed])), Ok(()));
    assert_eq!(check(silent.with_authorities([])), Err("dcql.authority"));
}

#[test]
fn a_record_that_lacks_a_member_is_refused_by_its_name() {
    let full = r#"{"credential_format":"dc+sd-jwt","vct":"urn:a","claims":{},"cryptographic_holder_binding":true,
        "authority":{"type":"aki","values":["AQID"]}}"#;
    let record = Record::parse(&json(full)).expect("a record");
    assert_eq!(record.as_candidate().types(), ["urn:a"]);
    for (text, replacement, member) in [
        (r#""credential_format":"dc+sd-jwt","#, "", "credential_format"),
        (r#""vct":"urn:a","#, "", "type"),
        (r#""vct":"urn:a""#, r#""vct":1"#, "vct"),
        (r#""claims":{}"#, r#""claims":[]"#, "claims"),
        ("true", "1", "cryptographic_holder_binding"),
        (r#"["AQID"]"#, r#""AQID""#, "authority"),
        ("dc+sd-jwt", "mso_mdoc", "namespaces"),
    ] {
        assert!(full.contains(text), "{text}");
        let result = Record::parse(&json(&full.replacen(text, replacement, 1)));
        assert_eq!(result.map_err(|error| error.member()), Err(member));
    }
}
