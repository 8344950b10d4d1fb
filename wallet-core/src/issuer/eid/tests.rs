use super::*;
use crate::codec::Object;
use crate::credential::Format;
use crate::issuer::{Approval, IssuerError, Record};
use crate::rulebook::Rulebook;
use crate::rulebook::pid::{GERMAN_VCT, PidView, VCT};

const ERIKA: &str = r#"{"TestData":true,"DocumentType":"ID","IssuingState":"D","DateOfExpiry":"20311031",
    "GivenNames":"ERIKA","FamilyNames":"MUSTERMANN","BirthName":"GABLER","AcademicTitle":"DR.","ArtisticName":"",
    "DateOfBirth":"1964-08-12","PlaceOfBirth":"BERLIN","Nationality":"D",
    "PlaceOfResidence":{"Street":"HEIDESTRAẞE 17","City":"KÖLN","ZipCode":"51147","Country":"D"}}"#;

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:34:56Z").unwrap()
}

fn fields() -> Object {
    Json::parse(ERIKA, &mut Budget::default())
        .unwrap()
        .as_object()
        .unwrap()
        .clone()
}

fn read(fields: &Object) -> Result<EidRecord, EidError> {
    RecordFile::parse(fields.to_string())?.into_record()
}

fn record_of(card: &EidRecord, request: &PidRequest) -> Result<Record, IssuerError> {
    card.to_record(&Rulebook::bundled(), request, Approval::new("desk-1", "test"), now())
}

#[test]
fn a_card_becomes_a_german_pid_in_both_formats() {
    let card = read(&fields()).unwrap();
    assert_eq!(card.left_out(), ["AcademicTitle"]);
    let record = record_of(&card, &PidRequest::default()).unwrap();
    assert_eq!(
        (record.vct.as_str(), record.doctype.as_deref()),
        (GERMAN_VCT, Some("eu.europa.ec.eudi.pid.1"))
    );
    assert_eq!(record.formats, [Format::DcSdJwt, Format::MsoMdoc]);
    let view = PidView::from_claims(&record.claims).unwrap();
    assert_eq!(view.family_name.as_deref(), Some("MUSTERMANN"));
    assert_eq!(view.nationalities, ["DE"]);
    assert_eq!(view.date_of_expiry.unwrap().to_string(), "2031-10-31");
    assert_eq!(view.source_document_type.as_deref(), Some("ID"));
    assert_eq!(view.age_equal_or_over.get(&21), Some(&true));
    assert_eq!(view.age_equal_or_over.get(&65), Some(&false));
    // The technical validity: whole days, a fortnight.
    assert_eq!(
        record.validity.not_before,
        Some(Timestamp::parse("2026-07-05").unwrap())
    );
    assert_eq!(record.validity.expires, Some(Timestamp::parse("2026-07-19").unwrap()));
}

/// Lessons S36.
#[test]
fn what_comes_from_a_file_is_marked_as_test_data() {
    let mut without_word = fields();
    without_word.remove("TestData");
    for fields in [fields(), without_word] {
        let card = read(&fields).unwrap();
        assert!(card.is_test_data());
        let record = record_of(&card, &PidRequest::default()).unwrap();
        let view = PidView::from_claims(&record.claims).unwrap();
        assert!(view.is_test);
        assert_eq!(view.issuing_authority.as_deref(), Some("DE (TEST)"));
    }
    let mut denied = fields();
    denied.insert("TestData", false);
    assert_eq!(read(&denied).unwrap_err().code(), "eid.test_data");
    // A real source decides for itself.
    assert!(!EidRecord::parse(&Json::Object(fields())).unwrap().is_test_data());
}

#[test]
fn a_card_of_another_state_becomes_the_eu_pid_without_ages() {
    let mut french = fields();
    french.insert("IssuingState", "FRA");
    french.insert("IssuingAuthority", "Préfecture");
    french.insert("Nationality", vec![Json::from("FRA"), Json::from("XXA")]);
    french.insert(
        "PlaceOfBirth",
        Object::new()
            .with("Country", Json::from("TUR"))
            .with("City", Json::from("İzmir")),
    );
    let record = record_of(&read(&french).unwrap(), &PidRequest::default()).unwrap();
    assert_eq!(record.vct, VCT);
    let view = PidView::from_claims(&record.claims).unwrap();
    assert_eq!(view.nationalities, ["FR", "QS"]);
    assert_eq!(view.place_of_birth.unwrap().country.as_deref(), Some("TR"));
    assert!(view.age_equal_or_over.is_empty() && view.source_document_type.is_none());
    assert_eq!(view.issuing_authority.as_deref(), Some("Préfecture (TEST)"));
}

#[test]
fn one_wrong_field_is_refused_by_its_name() {
    let wrong: &[(&str, Json, EidError)] = &[
        ("FamilyNames", Json::from("  "), EidError::Member("FamilyNames")),
        ("GivenNames", Json::Null, EidError::Member("GivenNames")),
        ("DateOfBirth", Json::from("19640230"), EidError::Member("DateOfBirth")),
        ("DateOfBirth", Json::from("1964-XX-XX"), EidError::Member("DateOfBirth")),
        ("DateOfBirth", Json::from("1964    "), EidError::Member("DateOfBirth")),
        (
            "DateOfExpiry",
            Json::from("31.10.2031"),
            EidError::Member("DateOfExpiry"),
        ),
        ("IssuingState", Json::from("Germany"), EidError::Member("IssuingState")),
        ("Nationality", Json::from("GER"), EidError::Member("Nationality")),
        ("Nationality", Json::Array(vec![]), EidError::Member("Nationality")),
        (
            "PlaceOfBirth",
            Json::Object(Object::new()),
            EidError::Member("PlaceOfBirth"),
        ),
        (
            "PlaceOfResidence",
            Json::from("Köln"),
            EidError::Member("PlaceOfResidence"),
        ),
        (
            "PlaceOfResidence",
            Json::Object(Object::new().with("Town", Json::from("Köln"))),
            EidError::Unknown,
        ),
        ("Religion", Json::from("-"), EidError::Unknown),
    ];
    for (name, value, expected) in wrong {
        let mut fields = fields();
        fields.insert(*name, value.clone());
        assert_eq!(read(&fields).unwrap_err(), *expected, "{name}");
    }
    for name in [
        "DocumentType",
        "IssuingState",
        "DateOfExpiry",
        "GivenNames",
        "FamilyNames",
        "DateOfBirth",
    ] {
        let mut fields = fields();
        fields.remove(name);
        assert_eq!(read(&fields).unwrap_err().code(), "eid.member", "{name}");
    }
    assert_eq!(RecordFile::parse("[]").unwrap_err(), EidError::Member("(root)"));
    assert_eq!(RecordFile::parse("{").unwrap_err().code(), "json.syntax");
}

#[test]
fn an_expired_card_makes_no_pid() {
    let code = |day: &str| {
        let mut fields = fields();
        fields.insert("DateOfExpiry", day);
        record_of(&read(&fields).unwrap(), &PidRequest::default())
            .map(|_| ())
            .map_err(|error| error.code())
    };
    assert_eq!(code("2026-07-04"), Err("eid.expired"));
    // The last day counts.
    assert_eq!(code("2026-07-05"), Ok(()));
}

#[test]
fn a_portrait_must_be_a_jpeg() {
    let mut fields = fields();
    fields.insert("Portrait", "/9j/4AAQ");
    let record = record_of(&read(&fields).unwrap(), &PidRequest::default()).unwrap();
    let view = PidView::from_claims(&record.claims).unwrap();
    assert_eq!(view.portrait, Some(vec![0xff, 0xd8, 0xff, 0xe0, 0, 0x10]));
    fields.insert("Portrait", "iVBORw0KGgo=");
    let refused = record_of(&read(&fields).unwrap(), &PidRequest::default());
    assert_eq!(refused.unwrap_err().code(), "pid.picture.value");
}

#[test]
fn ages_are_counted_in_full_years() {
    for (born, eighteen) in [("2008-07-05", true), ("2008-07-06", false), ("2008-07-04", true)] {
        let mut fields = fields();
        fields.insert("DateOfBirth", born);
        let record = record_of(&read(&fields).unwrap(), &PidRequest::default()).unwrap();
        let view = PidView::from_claims(&record.claims).unwrap();
        assert_eq!(view.age_equal_or_over.get(&18), Some(&eighteen), "{born}");
    }
}

#[test]
fn a_pid_is_of_a_pid_type_and_of_a_format_that_exists() {
    let card = read(&fields()).unwrap();
    let of_type = PidRequest {
        vct: Some("urn:mappe:de:abitur:1".to_owned()),
        ..PidRequest::default()
    };
    assert_eq!(record_of(&card, &of_type), Err(IssuerError::UnknownType));
    for formats in [vec![], vec![Format::LdpVc]] {
        let request = PidRequest {
            formats,
            ..PidRequest::default()
        };
        assert_eq!(record_of(&card, &request), Err(IssuerError::UnsupportedFormat));
    }
}

#[test]
fn a_file_gives_its_data_once_and_its_debug_tells_nothing() {
    let mut file = RecordFile::parse(ERIKA).unwrap();
    struct Zeros;
    impl Random for Zeros {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(0);
        }
    }
    let Ok(EidStep::Read(card)) = file.begin(now(), &mut Zeros) else {
        panic!("the data are there at once");
    };
    assert!(!format!("{card:?}").contains("MUSTER"));
    assert_eq!(file.begin(now(), &mut Zeros).unwrap_err(), EidError::NoSession);
    assert_eq!(
        file.collect(&EidSession::new("x"), now()).unwrap_err(),
        EidError::NoSession
    );
}
