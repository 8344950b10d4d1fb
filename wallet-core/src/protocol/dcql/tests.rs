use super::*;
use crate::codec::Budget;

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

/// A query that uses every member.
const FULL: &str = r#"{
    "credentials": [
        {
            "id": "report", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:report:1"]}, "multiple": true,
            "trusted_authorities": [{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],
            "claims": [
                {"id": "a", "path": ["subjects", null, "points"], "values": [15, true, "x"]},
                {"id": "b", "path": ["subjects", 0]}
            ],
            "claim_sets": [["a", "b"], ["b"]]
        },
        {
            "id": "mdl", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
            "require_cryptographic_holder_binding": false,
            "claims": [{"path": ["org.iso.18013.5.1", "given_name"], "intent_to_retain": true}]
        },
        {"id": "degree", "format": "ldp_vc", "meta": {"type_values": [["a", "b"], ["c"]]}}
    ],
    "credential_sets": [{"options": [["report"], ["mdl", "degree"]]}, {"options": [["degree"]], "required": false}]
}"#;

#[test]
fn writes_what_it_reads() {
    let query = Query::parse(&json(FULL)).expect("valid");
    assert_eq!(query.to_json(), json(FULL));
    let text = serde_json::to_string(&query).expect("writes");
    assert_eq!(serde_json::from_str::<Query>(&text).expect("reads"), query);
}

#[test]
fn builds_what_it_reads() {
    let path = |text: &str| ClaimPath::parse(&json(text)).expect("a path");
    let report = CredentialQuery::sd_jwt_vc("report", &["urn:example:report:1"])
        .with_multiple()
        .with_authority(TrustedAuthority::new("aki", &["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]))
        .with_claim(
            ClaimQuery::new(path(r#"["subjects",null,"points"]"#))
                .with_id("a")
                .with_value(15)
                .with_value(true)
                .with_value("x"),
        )
        .with_claim(ClaimQuery::new(path(r#"["subjects",0]"#)).with_id("b"))
        .with_claim_set(&["a", "b"])
        .with_claim_set(&["b"]);
    let name = ClaimPath::of_keys("org.iso.18013.5.1", &["given_name"]);
    let mdl = CredentialQuery::mdoc("mdl", "org.iso.18013.5.1.mDL")
        .without_holder_binding()
        .with_claim(ClaimQuery::new(name).with_intent_to_retain(true));
    let types = [["a", "b"].as_slice(), &["c"]].map(|types| types.iter().map(|&name| name.to_owned()).collect());
    let degree = CredentialQuery::new("degree", Format::LdpVc, Meta::Types(types.into()));
    let sets = vec![
        CredentialSet::required(&[&["report"], &["mdl", "degree"]]),
        CredentialSet::optional(&[&["degree"]]),
    ];
    let built = Query::new(vec![report, mdl, degree], sets).expect("valid");
    assert_eq!(built, Query::parse(&json(FULL)).expect("valid"));
}

#[test]
fn the_builder_refuses_what_the_parser_refuses() {
    let code = |query| Query::new(vec![query], Vec::new()).map_err(|error| error.code());
    assert_eq!(
        code(CredentialQuery::sd_jwt_vc("a b", &["x"])),
        Err("dcql.query.bad_id")
    );
    assert_eq!(code(CredentialQuery::sd_jwt_vc("a", &[])), Err("dcql.query.empty"));
    let claim = ClaimQuery::new(ClaimPath::of_keys("x", &[])).with_id("x");
    let unknown = CredentialQuery::sd_jwt_vc("a", &["x"])
        .with_claim(claim)
        .with_claim_set(&["y"]);
    assert_eq!(code(unknown), Err("dcql.query.unknown_id"));
    // The types of one format on another would be ignored as an unknown member.
    let astray = CredentialQuery::new("a", Format::MsoMdoc, Meta::Vct(vec!["x".to_owned()]));
    assert_eq!(code(astray), Err("dcql.query.wrong_type"));
    assert_eq!(
        Query::new(Vec::new(), Vec::new()).map_err(|error| error.code()),
        Err("dcql.query.empty")
    );
}

/// One mutation of the full query each: the text to replace, the replacement, the code and the place of the error.
#[test]
fn refuses_each_break_of_the_grammar_and_names_the_place() {
    let cases = [
        (r#""id": "report", "#, "", "missing", "credentials[0].id"),
        (r#""id": "report""#, r#""id": 1"#, "wrong_type", "credentials[0].id"),
        (r#""id": "report""#, r#""id": """#, "bad_id", "credentials[0].id"),
        (r#""id": "report""#, r#""id": "ü""#, "bad_id", "credentials[0].id"),
        (
            r#""id": "report""#,
            r#""id": "mdl""#,
            "duplicate_id",
            "credentials[1].id",
        ),
        (r#""format": "dc+sd-jwt", "#, "", "missing", "credentials[0].format"),
        (
            r#""format": "dc+sd-jwt""#,
            r#""format": null"#,
            "wrong_type",
            "credentials[0].format",
        ),
        (
            r#"{"vct_values": ["urn:example:report:1"]}"#,
            "[]",
            "wrong_type",
            "credentials[0].meta",
        ),
        (
            r#"["urn:example:report:1"]"#,
            "[]",
            "empty",
            "credentials[0].meta.vct_values",
        ),
        (
            r#"["urn:example:report:1"]"#,
            "[7]",
            "wrong_type",
            "credentials[0].meta.vct_values[0]",
        ),
        (
            r#""org.iso.18013.5.1.mDL""#,
            r#"["x"]"#,
            "wrong_type",
            "credentials[1].meta.doctype_value",
        ),
        (
            r#"["a", "b"], ["c"]"#,
            r#""a""#,
            "wrong_type",
            "credentials[2].meta.type_values[0]",
        ),
        (
            r#"["a", "b"], ["c"]"#,
            r#"["a"], []"#,
            "empty",
            "credentials[2].meta.type_values[1]",
        ),
        (
            r#""multiple": true"#,
            r#""multiple": "true""#,
            "wrong_type",
            "credentials[0].multiple",
        ),
        (
            r#""require_cryptographic_holder_binding": false"#,
            r#""require_cryptographic_holder_binding": 0"#,
            "wrong_type",
            "credentials[1].require_cryptographic_holder_binding",
        ),
        (
            r#"{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}"#,
            "",
            "empty",
            "credentials[0].trusted_authorities",
        ),
        (
            r#""type": "aki", "#,
            "",
            "missing",
            "credentials[0].trusted_authorities[0].type",
        ),
        (
            r#"["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]"#,
            "[]",
            "empty",
            "credentials[0].trusted_authorities[0].values",
        ),
        (
            r#"{"id": "b", "path": ["subjects", 0]}"#,
            "3",
            "wrong_type",
            "credentials[0].claims[1]",
        ),
        (
            r#""id": "b", "path""#,
            r#""path""#,
            "missing",
            "credentials[0].claims[1].id",
        ),
        (
            r#""id": "b""#,
            r#""id": "a""#,
            "duplicate_id",
            "credentials[0].claims[1].id",
        ),
        (
            r#", "path": ["subjects", 0]"#,
            "",
            "missing",
            "credentials[0].claims[1].path",
        ),
        (
            r#"["subjects", 0]"#,
            r#""subjects""#,
            "wrong_type",
            "credentials[0].claims[1].path",
        ),
        (r#"["subjects", 0]"#, "[]", "empty", "credentials[0].claims[1].path"),
        (
            r#"["subjects", 0]"#,
            r#"["subjects", -1]"#,
            "bad_path",
            "credentials[0].claims[1].path",
        ),
        (
            r#"["subjects", 0]"#,
            r#"["subjects", true]"#,
            "bad_path",
            "credentials[0].claims[1].path",
        ),
        (r#"[15, true, "x"]"#, "[]", "empty", "credentials[0].claims[0].values"),
        (
            r#"[15, true, "x"]"#,
            "[15, 1.5]",
            "wrong_type",
            "credentials[0].claims[0].values[1]",
        ),
        (
            r#"[15, true, "x"]"#,
            "[null]",
            "wrong_type",
            "credentials[0].claims[0].values[0]",
        ),
        (
            r#""intent_to_retain": true"#,
            r#""intent_to_retain": 1"#,
            "wrong_type",
            "credentials[1].claims[0].intent_to_retain",
        ),
        (r#"[["a", "b"], ["b"]]"#, "[]", "empty", "credentials[0].claim_sets"),
        (
            r#"[["a", "b"], ["b"]]"#,
            "[[]]",
            "empty",
            "credentials[0].claim_sets[0]",
        ),
        (
            r#"[["a", "b"], ["b"]]"#,
            r#"[["a", "c"]]"#,
            "unknown_id",
            "credentials[0].claim_sets[0][1]",
        ),
        (
            r#""claims": [
                {"id": "a""#,
            r#""other": [
                {"id": "a""#,
            "claim_sets_without_claims",
            "credentials[0].claim_sets",
        ),
        (
            r#"[["report"], ["mdl", "degree"]]"#,
            "[]",
            "empty",
            "credential_sets[0].options",
        ),
        (
            r#"[["report"], ["mdl", "degree"]]"#,
            "[[]]",
            "empty",
            "credential_sets[0].options[0]",
        ),
        (
            r#"{"options": [["report"], ["mdl", "degree"]]}"#,
            "{}",
            "missing",
            "credential_sets[0].options",
        ),
        (
            r#"["mdl", "degree"]"#,
            r#"["mdl", "pid"]"#,
            "unknown_id",
            "credential_sets[0].options[1][1]",
        ),
        (
            r#""required": false"#,
            r#""required": null"#,
            "wrong_type",
            "credential_sets[1].required",
        ),
    ];
    for (text, replacement, code, place) in cases {
        assert!(FULL.contains(text), "{text}");
        let error = Query::parse(&json(&FULL.replacen(text, replacement, 1))).expect_err(text);
        assert_eq!(
            (error.code(), error.place()),
            (format!("dcql.query.{code}").as_str(), place),
            "{text}"
        );
    }
    let code = |text| Query::parse(&json(text)).map_err(|error| error.to_string());
    assert_eq!(code("[]"), Err("the query is not an object".to_owned()));
    assert_eq!(code("{}"), Err("credentials is missing".to_owned()));
    assert_eq!(code(r#"{"credentials":[]}"#), Err("credentials is empty".to_owned()));
}

#[test]
fn ignores_members_it_does_not_know() {
    let more = FULL
        .replacen('{', r#"{"version": 2, "#, 1)
        .replace(
            r#""options": [["report"]"#,
            r#""purpose": [null], "options": [["report"]"#,
        )
        .replace(
            r#""id": "b""#,
            r#""id": "b", "intent_to_retain": "no mdoc", "namespace": 5"#,
        )
        .replace(r#""vct_values""#, r#""doctype_value": 3, "vct_values""#);
    assert_eq!(Query::parse(&json(&more)), Query::parse(&json(FULL)));
}

#[test]
fn reads_three_forms_from_before_1_0_and_writes_none() {
    let old = r#"{"credentials":[
        {"id":"a","format":"mso_mdoc","claims":[{"namespace":"n","claim_name":"e"}]},
        {"id":"b","format":"vc+sd-jwt","meta":{"type_values":[["t"]]}}
    ]}"#;
    let query = Query::parse(&json(old)).expect("valid");
    assert_eq!(
        query.credentials()[0].claims()[0].path(),
        &ClaimPath::of_keys("n", &["e"])
    );
    assert_eq!(query.credentials()[1].meta(), &Meta::Types(vec![vec!["t".to_owned()]]));
    let written = query.to_json().to_string();
    assert!(
        written.contains(r#""meta":{}"#) && written.contains(r#""path":["n","e"]"#),
        "{written}"
    );
}

#[test]
fn a_query_beyond_its_limits_is_refused_with_both_numbers() {
    let credential = |id: usize| format!(r#"{{"id":"c{id}","format":"dc+sd-jwt","meta":{{}}}}"#);
    let many: Vec<String> = (0..65).map(credential).collect();
    assert_eq!(
        Query::parse(&json(&format!(r#"{{"credentials":[{}]}}"#, many.join(",")))),
        Err(QueryError::Limit {
            place: "credentials".to_owned(),
            what: Limited::Elements,
            required: 65,
            allowed: 64,
        })
    );
    let long = format!(r#"["subjects"{}]"#, ",0".repeat(64));
    let error = Query::parse(&json(&FULL.replacen(r#"["subjects", 0]"#, &long, 1))).expect_err("too long");
    assert_eq!(
        error.to_string(),
        "credentials[0].claims[1].path needs 65 elements, 64 are allowed"
    );
    let name = "x".repeat(4_097);
    let error = Query::parse(&json(&FULL.replacen("urn:example:report:1", &name, 1))).expect_err("too long");
    assert_eq!(
        error.to_string(),
        "credentials[0].meta.vct_values[0] needs 4097 bytes, 4096 are allowed"
    );
    // Many arrays within their limits are too much together.
    let option = format!("[{}]", vec![r#""degree""#; 200].join(","));
    let options = vec![option; 200].join(",");
    let error = Query::parse(&json(&FULL.replacen(r#"[["degree"]]"#, &format!("[{options}]"), 1)));
    let Err(QueryError::Limit { what, allowed, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!((what, allowed), (Limited::Total, 20_000));
}

#[test]
fn a_value_matches_by_type_and_value() {
    let matches = |value: ClaimValue, text| value.matches(&json(text));
    assert!(matches(15.into(), "15") && matches(15.into(), "15.0") && matches(1500.into(), "1.5e3"));
    assert!(!matches(15.into(), "\"15\"") && !matches(15.into(), "15.5") && !matches(15.into(), "1e400"));
    assert!(!matches("15".into(), "15") && matches("ä".into(), "\"\\u00e4\""));
    assert!(matches(true.into(), "true") && !matches(true.into(), "1") && !matches(true.into(), "\"true\""));
    assert!(!matches("x".into(), r#"["x"]"#) && !matches("x".into(), "null"));
}
