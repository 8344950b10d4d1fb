use super::*;
use crate::codec::{Budget, CborValue};
use crate::rulebook::names::NameMatch;

fn object(text: &str) -> Object {
    let json = Json::parse(text, &mut Budget::default()).unwrap();
    json.as_object().unwrap().clone()
}

/// A portrait that is nothing but the beginning of a JPEG.
const PICTURE: &str = "data:image/jpeg;base64,/9j/4AAQ";

fn erika() -> Object {
    object(&format!(
        r#"{{"family_name":"MUSTERMANN","given_name":"ERIKA","birth_family_name":"GABLER","birthdate":"1964-08-12",
        "place_of_birth":{{"country":"DE","locality":"BERLIN"}},"nationalities":["DE","FR"],
        "address":{{"country":"DE","locality":"KÖLN","postal_code":"51147","street_address":"HEIDESTRAẞE 17"}},
        "email":"erika@example.org","phone_number":"+4930123456","picture":"{PICTURE}","sex":2,
        "personal_administrative_number":"X-1","date_of_expiry":"2031-10-31","date_of_issuance":"2021-11-01",
        "issuing_authority":"DE","issuing_country":"DE","issuing_jurisdiction":"DE-BE","document_number":"T220001293",
        "trust_anchor":"https://trust.example/list","attestation_legal_category":"PID","source_document_type":"ID",
        "age_equal_or_over":{{"18":true,"65":false}},"test":true}}"#
    ))
}

/// What a wallet or verifier sees of an mdoc.
fn as_received(elements: &[MdocElement]) -> Object {
    let mut seen = Object::new();
    for element in elements {
        let path = ClaimPath::of_keys(&element.namespace, &[&element.identifier]);
        put(&mut seen, &path, element.value.to_json()).unwrap();
    }
    seen
}

fn element(mapped: &MdocElements, identifier: &str) -> CborValue {
    let mut elements = mapped.elements.iter();
    elements.find(|one| one.identifier == identifier).unwrap().value.clone()
}

fn code(claims: &Object) -> &'static str {
    validate(claims).unwrap_err().code()
}

#[test]
fn both_formats_say_the_same() {
    let mapped = to_mdoc_elements(&erika()).unwrap();
    assert_eq!(mapped.left_out, []);
    let back = from_mdoc(&as_received(&mapped.elements)).unwrap();
    assert_eq!(back.left_out, []);
    assert_eq!(PidView::from_claims(&back.claims), PidView::from_claims(&erika()));
    assert_eq!(back.claims.len(), erika().len());
    for (name, value) in erika().iter() {
        assert_eq!(back.claims.get(name), Some(value), "{name}");
    }
}

/// PID Rulebook §3.1, encodings.
#[test]
fn elements_are_encoded_as_the_rulebook_says() {
    let mut claims = erika();
    claims.insert("date_of_issuance", "2021-11-01T10:00:00.5+02:00");
    let mapped = to_mdoc_elements(&claims).unwrap();
    let day = |text: &str| CborValue::Tag(1004, Box::new(CborValue::text(text)));
    let time = |text: &str| CborValue::Tag(0, Box::new(CborValue::text(text)));
    assert_eq!(element(&mapped, "birth_date"), day("1964-08-12"));
    assert_eq!(element(&mapped, "expiry_date"), day("2031-10-31"));
    assert_eq!(element(&mapped, "issuance_date"), time("2021-11-01T08:00:00Z"));
    assert_eq!(
        element(&mapped, "portrait"),
        CborValue::Bytes(vec![0xff, 0xd8, 0xff, 0xe0, 0, 0x10])
    );
    assert_eq!(
        element(&mapped, "nationality"),
        CborValue::array([CborValue::text("DE"), CborValue::text("FR")])
    );
    assert_eq!(
        element(&mapped, "place_of_birth"),
        CborValue::map([("country", "DE"), ("locality", "BERLIN")])
    );
    assert_eq!(element(&mapped, "sex"), CborValue::Unsigned(2));
    assert_eq!(element(&mapped, "resident_street"), CborValue::text("HEIDESTRAẞE 17"));
    assert_eq!(element(&mapped, "family_name_birth"), CborValue::text("GABLER"));
}

#[test]
fn what_germany_adds_stands_in_its_own_name_space() {
    let mut claims = erika();
    claims.insert("age_equal_or_over", object(r#"{"18":true,"67":false}"#));
    let mapped = to_mdoc_elements(&claims).unwrap();
    let of = |namespace: &str| {
        let all = mapped.elements.iter().filter(|one| one.namespace == namespace);
        let mut names: Vec<_> = all.map(|one| one.identifier.as_str()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(
        of(GERMAN_NAMESPACE),
        ["age_over_18", "age_over_67", "source_document_type"]
    );
    assert_eq!(of(TEST_NAMESPACE), ["test"]);
    assert!(!of(NAMESPACE).iter().any(|name| name.starts_with("age_")));
    assert_eq!(mapped.left_out, []);
}

#[test]
fn what_the_other_format_cannot_say_is_told() {
    let mut claims = erika();
    claims.insert(
        "address",
        object(r#"{"street_address":"Heidestraße","house_number":"17","postal_code":"51147"}"#),
    );
    claims.insert("favourite_colour", "blue");
    claims.insert("vct", VCT);
    let told: Vec<_> = to_mdoc_elements(&claims)
        .unwrap()
        .left_out
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["address.house_number", "favourite_colour"]);
    let elements = object(r#"{"eu.europa.ec.eudi.pid.1":{"family_name":"A","shoe_size":44},"x":{"y":1}}"#);
    let told: Vec<_> = from_mdoc(&elements)
        .unwrap()
        .left_out
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["eu.europa.ec.eudi.pid.1.shoe_size", "x.y"]);
}

#[test]
fn older_pids_are_read() {
    let elements = object(
        r#"{"eu.europa.ec.eudi.pid.1":{"nationality":"DE","birth_place":"Berlin","resident_house_number":"17",
        "age_over_18":true,"age_in_years":62,"expiry_date":"2031-10-31T00:00:00Z","portrait":""}}"#,
    );
    let read = from_mdoc(&elements).unwrap();
    assert_eq!(read.left_out, []);
    let view = PidView::from_mdoc(&elements).unwrap();
    assert_eq!(view.nationalities, ["DE"]);
    assert_eq!(view.place_of_birth.unwrap().locality.as_deref(), Some("Berlin"));
    assert_eq!(view.address.unwrap().house_number.as_deref(), Some("17"));
    assert_eq!(view.age_equal_or_over.get(&18), Some(&true));
    assert_eq!(view.date_of_expiry.unwrap().to_string(), "2031-10-31");
    assert_eq!(view.portrait, Some(Vec::new()));
}

#[test]
fn a_whole_pid_is_admitted_and_ages_are_never_required() {
    assert_eq!(validate(&erika()), Ok(()));
    let mut claims = erika();
    for name in [
        "age_equal_or_over",
        "source_document_type",
        "test",
        "picture",
        "sex",
        "email",
    ] {
        claims.remove(name);
    }
    assert_eq!(validate(&claims), Ok(()));
}

#[test]
fn each_mandatory_claim_is_missed_by_name() {
    for name in [
        "family_name",
        "given_name",
        "birthdate",
        "place_of_birth",
        "nationalities",
        "issuing_authority",
        "issuing_country",
    ] {
        let mut claims = erika();
        claims.remove(name);
        assert_eq!(code(&claims), format!("pid.{name}.missing"));
        // Of a PID that was shown, any part may be missing.
        assert_eq!(check(&claims), Ok(()));
    }
}

#[test]
fn one_wrong_value_is_refused_by_the_name_of_its_claim() {
    let long = "x".repeat(151);
    let wrong: &[(&str, Json, &str)] = &[
        ("family_name", Json::from(long.as_str()), "pid.family_name.length"),
        ("given_name", Json::from(1u64), "pid.given_name.kind"),
        ("birthdate", Json::from("1964-02-30"), "pid.birthdate.value"),
        ("birthdate", Json::from("1964-08-12T00:00:00Z"), "pid.birthdate.value"),
        ("birthdate", Json::from(19_640_812u64), "pid.birthdate.kind"),
        (
            "place_of_birth",
            Json::Object(Object::new()),
            "pid.place_of_birth.value",
        ),
        ("place_of_birth", Json::from("Berlin"), "pid.place_of_birth.kind"),
        (
            "place_of_birth",
            Json::Object(object(r#"{"country":"Germany"}"#)),
            "pid.place_of_birth.value",
        ),
        ("nationalities", Json::Array(vec![]), "pid.nationalities.value"),
        ("nationalities", Json::from("DE"), "pid.nationalities.kind"),
        (
            "nationalities",
            Json::Array(vec![Json::from("DE"), Json::from("ZZ")]),
            "pid.nationalities.value",
        ),
        (
            "nationalities",
            Json::Array(vec![Json::from("deu")]),
            "pid.nationalities.value",
        ),
        ("issuing_country", Json::from("QS"), "pid.issuing_country.value"),
        (
            "address",
            Json::Object(object(r#"{"country":"de"}"#)),
            "pid.address.value",
        ),
        ("sex", Json::from(7u64), "pid.sex.value"),
        ("sex", Json::from("2"), "pid.sex.kind"),
        ("phone_number", Json::from("030 123456"), "pid.phone_number.value"),
        ("phone_number", Json::from("+49 30 123456"), "pid.phone_number.value"),
        (
            "phone_number",
            Json::from("+1234567890123456"),
            "pid.phone_number.value",
        ),
        ("email", Json::from("erika"), "pid.email.value"),
        ("email", Json::from("erika @example.org"), "pid.email.value"),
        (
            "picture",
            Json::from("data:image/png;base64,iVBORw0KGgo="),
            "pid.picture.value",
        ),
        (
            "picture",
            Json::from("data:image/jpeg;base64,iVBORw0KGgo="),
            "pid.picture.value",
        ),
        ("date_of_expiry", Json::from("31.10.2031"), "pid.date_of_expiry.value"),
        (
            "age_equal_or_over",
            Json::Object(object(r#"{"018":true}"#)),
            "pid.age_equal_or_over.value",
        ),
        ("test", Json::from("yes"), "pid.test.kind"),
    ];
    for (name, value, expected) in wrong {
        let mut claims = erika();
        claims.insert(*name, value.clone());
        assert_eq!(code(&claims), *expected, "{name}");
        let error = validate(&claims).unwrap_err();
        assert!(!error.to_string().contains("1964") && !error.to_string().ends_with('.'));
    }
}

#[test]
fn values_at_the_edge_are_admitted() {
    let mut claims = erika();
    claims.insert("family_name", "ß".repeat(150));
    claims.insert(
        "nationalities",
        vec![Json::from("QU"), Json::from("QS"), Json::from("XK")],
    );
    claims.insert("place_of_birth", object(r#"{"country":"YU"}"#));
    claims.insert("picture", "");
    claims.insert("sex", 9u64);
    claims.insert("birthdate", "2000-02-29");
    assert_eq!(validate(&claims), Ok(()));
}

#[test]
fn every_claim_of_the_data_files_has_a_name_for_errors() {
    for claim in PID.claims() {
        if let [PathElement::Key(name), ..] = claim.path().elements() {
            assert!(PidClaim::of_name(name).is_some(), "{name}");
        }
    }
}

#[test]
fn a_person_is_compared_with_another_document() {
    let view = PidView::from_claims(&erika()).unwrap();
    for (report, verdict) in [
        (
            r#"{"family_name":"Mustermann","given_name":"Erika","birthdate":"1964-08-12"}"#,
            Some(NameMatch::Same),
        ),
        (
            r#"{"family_name":"Gabler","given_name":"Erika","birthdate":"1964-08-12"}"#,
            Some(NameMatch::Likely),
        ),
        (
            r#"{"family_name":"Mustermann","given_name":"Erika Maria"}"#,
            Some(NameMatch::Likely),
        ),
        (
            r#"{"family_name":"Mustermann","given_name":"Erika","birthdate":"1964-08-13"}"#,
            Some(NameMatch::Different),
        ),
        (r#"{"family_name":"Musterfrau"}"#, Some(NameMatch::Different)),
        (r#"{"grade":"1.0"}"#, None),
    ] {
        assert_eq!(view.compare(&object(report)), verdict, "{report}");
    }
}

#[test]
fn a_pid_is_known_by_its_type() {
    for name in [VCT, GERMAN_VCT, "urn:eudi:pid:it:2", DOCTYPE] {
        assert!(is_pid(name), "{name}");
    }
    for name in [
        "urn:eudi:pid:",
        "urn:eudi:pid",
        "urn:eudi:pidx:1",
        "org.iso.18013.5.1.mDL",
        "URN:eudi:pid:1",
    ] {
        assert!(!is_pid(name), "{name}");
    }
}
