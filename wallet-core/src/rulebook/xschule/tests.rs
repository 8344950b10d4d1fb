use super::*;
use crate::codec::{BudgetExceeded, Json, Limit, Object};
use crate::rulebook::{Language, Rulebook};

const ABITUR: &str = include_str!("../../../../examples/data/abitur.xml");
const REPORT: &str = include_str!("../../../../examples/data/zeugnis.xml");
const ATTENDANCE: &str = include_str!("../../../../examples/data/schulbescheinigung.xml");

fn parse(xml: &str) -> Result<SchoolReport, XSchuleError> {
    SchoolReport::parse(xml, &mut Budget::default())
}

/// Replaces the first `from`, which must be there.
fn tamper(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "{from}");
    xml.replacen(from, to, 1)
}

/// The first line that differs from the original, counted from 1: where an error should point.
fn refusal(xml: &str, from: &str, to: &str) -> (String, Rule) {
    let error = parse(&tamper(xml, from, to)).unwrap_err();
    let place = format!("{}:{}", error.element().unwrap_or("-"), error.line().unwrap_or(0));
    (place, error.rule().clone())
}

fn claims(xml: &str) -> Object {
    parse(xml).unwrap().to_claims(&ClaimOptions::original(Setting::Test))
}

fn at(claims: &Object, path: &str) -> String {
    let mut value = Json::from(claims.clone());
    for step in path.split('.') {
        let next = match step.parse::<usize>() {
            Ok(index) => value.as_array().and_then(|items| items.get(index)).cloned(),
            Err(_) => value.get(step).cloned(),
        };
        value = next.unwrap_or(Json::Null);
    }
    value.to_string()
}

#[test]
fn the_invented_abitur_is_consistent() {
    let report = parse(ABITUR).unwrap();
    assert_eq!((report.message(), report.findings()), (Message::Abitur, &[][..]));
    assert_eq!((report.courses().count(), report.exams().count()), (40, 4));
    assert_eq!(report.pupil().family_name.as_deref(), Some("Vogelsang-Čermák"));
    assert_eq!(report.date().map(PartialDate::as_str), Some("2026-06-26"));
}

#[test]
fn claims_of_an_abitur_are_exact_strings() {
    let claims = claims(ABITUR);
    for (path, value) in [
        ("final_grade", r#""1.4""#),
        ("total_points", r#""755""#),
        ("block_1_points", r#""490""#),
        ("block_2_points", r#""265""#),
        ("birthdate", r#""2008-02-29""#),
        ("report_type", r#""abschlusszeugnis""#),
        ("document_role", r#""original""#),
        ("test", "true"),
        ("issuing_jurisdiction", r#""DE-NW""#),
        ("school.state", r#""DE-NW""#),
        ("place_of_birth.country", r#""DE""#),
        ("source.message", r#""schueler.abiturzeugnis.0002""#),
        ("courses.0.subject_code", r#""abiturfachdigital/740""#),
        ("courses.0.points", r#""12""#),
        ("subjects.mathematics.points", r#"["12","13","12","14"]"#),
        ("subjects.mathematics.level", r#""erhoehtes_anforderungsniveau""#),
        ("languages.0.cefr", r#"["B2","C1"]"#),
        ("exams.3.kind", r#""muendliche_pruefung""#),
    ] {
        assert_eq!(at(&claims, path), value, "{path}");
    }
    let text = Json::from(claims).to_string();
    assert!(!text.contains("Beispielallee"), "no addresses");
}

#[test]
fn every_course_remark_and_absence_is_disclosed_on_its_own() {
    let rulebook = Rulebook::bundled();
    let report = parse(REPORT).unwrap();
    let credential_type = rulebook.lookup(report.vct().unwrap()).unwrap();
    let claims = claims(REPORT);
    let places: Vec<_> = credential_type
        .disclosure_paths(&claims)
        .iter()
        .map(ToString::to_string)
        .collect();
    for place in [
        "courses",
        "courses[0]",
        "courses[8]",
        "absences[0]",
        "absences[1]",
        "remarks[0]",
        "subjects.music",
    ] {
        assert!(places.iter().any(|known| known == place), "{place}");
    }
    for place in ["test", "document_role", "courses[0].grade"] {
        assert!(!places.iter().any(|known| known == place), "{place}");
    }
    assert_eq!(at(&claims, "absences.1.total"), r#""2.5""#);
}

/// The type describes every claim that the messages give: none is without a label.
#[test]
fn every_claim_has_a_label() {
    let rulebook = Rulebook::bundled();
    for xml in [ABITUR, REPORT, ATTENDANCE] {
        let report = parse(xml).unwrap();
        let credential_type = rulebook.lookup(report.vct().unwrap()).unwrap();
        for (name, _) in claims(xml).iter() {
            let path = crate::credential::ClaimPath::of_keys(name, &[]);
            assert!(credential_type.label(&path, Language::German).is_some(), "{name}");
        }
    }
}

#[test]
fn the_role_and_the_setting_are_the_issuers() {
    let report = parse(ATTENDANCE).unwrap();
    let options = ClaimOptions::original(Setting::Production).with_role(DocumentRole::Duplicate);
    let claims = report.to_claims(&options);
    assert_eq!(
        (at(&claims, "document_role"), at(&claims, "test")),
        (r#""duplicate""#.into(), "null".into())
    );
    assert_eq!(at(&claims, "attendance_period.end"), r#""2026-07-17""#);
    assert_eq!(at(&claims, "school_year.start"), r#""2025""#);
    assert_eq!(at(&claims, "expected_qualification"), r#""allgemeine_hochschulreife""#);
}

#[test]
fn a_summary_speaks_to_people() {
    let report = parse(ABITUR).unwrap();
    let line = |language, label: &str| {
        let lines = report.summary(language);
        lines
            .into_iter()
            .find(|(name, _)| name == label)
            .map(|(_, value)| value)
    };
    assert_eq!(line(Language::German, "Durchschnittsnote").as_deref(), Some("1,4"));
    assert_eq!(line(Language::English, "Final grade").as_deref(), Some("1.4"));
    assert_eq!(line(Language::German, "Geboren am").as_deref(), Some("29.02.2008"));
    assert_eq!(
        line(
            Language::English,
            "Mathematics (Qualification phase 1, First half-year)"
        )
        .as_deref(),
        Some("12 points")
    );
}

#[test]
fn refuses_document_types_and_entities() {
    let root = "<xsc:schueler.abiturzeugnis.0002";
    let with_dtd = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>\n{root}");
    assert_eq!(refusal(ABITUR, root, &with_dtd), ("-:3".into(), Rule::Doctype));
    assert_eq!(refusal(ABITUR, root, &format!("<!DOCTYPE x>{root}")).1, Rule::Doctype);
    let (_, rule) = refusal(ABITUR, "Hedwig-Beispiel", "&a;");
    assert_eq!(rule, Rule::Entity);
    let (_, rule) = refusal(ABITUR, "UTF-8", "ISO-8859-1");
    assert_eq!(rule, Rule::Encoding);
    assert_eq!(
        SchoolReport::parse(b"<a>\xff</a>", &mut Budget::default())
            .unwrap_err()
            .code(),
        "xschule.encoding"
    );
}

#[test]
fn refuses_what_is_too_large_too_deep_or_too_many() {
    let rule = |xml: &str, mut budget: Budget| SchoolReport::parse(xml, &mut budget).unwrap_err().rule().clone();
    let deep = "<a>".repeat(100_000);
    let exceeded = |what, required, allowed| {
        Rule::Budget(BudgetExceeded {
            what,
            required,
            allowed,
        })
    };
    assert_eq!(rule(&deep, Budget::default()), exceeded(Limit::Depth, 65, 64));
    assert_eq!(
        rule(ABITUR, Budget::new(1000, 64, 1000)),
        exceeded(Limit::Bytes, ABITUR.len(), 1000)
    );
    assert_eq!(
        rule(ABITUR, Budget::new(1 << 20, 64, 100)),
        exceeded(Limit::Values, 1, 0)
    );
    let attributes: String = (0..10_000).map(|n| format!(" a{n}=\"\"")).collect();
    assert_eq!(
        rule(&format!("<a{attributes}/>"), Budget::default()),
        exceeded(Limit::Values, 65, 64)
    );
    // Copies of namespaces in scope: 63 elements with 60 declarations each, then many that add one.
    let declarations: String = (0..60).map(|n| format!(" xmlns:n{n}=\"u\"")).collect();
    let scopes = format!("<a{declarations}>").repeat(63) + &"<b xmlns:c=\"u\"/>".repeat(10_000);
    assert!(matches!(
        rule(&scopes, Budget::default()),
        Rule::Budget(BudgetExceeded {
            what: Limit::Values,
            required: 3782,
            ..
        })
    ));
    assert_eq!(rule("<a><!-- never ends", Budget::default()), Rule::Syntax);
    assert_eq!(rule("", Budget::default()), Rule::Syntax);
    assert_eq!(rule("<", Budget::default()), Rule::Syntax);
}

#[test]
fn refuses_other_messages_and_versions() {
    for (from, to) in [
        ("schueler.abiturzeugnis.0002", "schueler.abiturzeugnis.0009"),
        (
            "xschule.digital/def/xschule/1.2/xsd",
            "xschule.digital/def/xschule/1.1/xsd",
        ),
        (
            "xschule.digital/def/xschule/1.2/xsd",
            "xschule.digital/def/xschule/1.2/xsd/",
        ),
    ] {
        let xml = ABITUR.replace(from, to);
        assert_eq!(parse(&xml).unwrap_err().code(), "xschule.unsupported", "{to}");
    }
}

#[test]
fn names_line_element_and_rule() {
    let school_line = ABITUR.lines().position(|line| line.contains("<xsc:schule>")).unwrap() + 1;
    let without = tamper(
        ABITUR,
        "<xsc:name>\n            <xsc:name>Hedwig-Beispiel-Gymnasium Musterhausen</xsc:name>\n            <xsc:kurzbezeichnung>HBG</xsc:kurzbezeichnung>\n        </xsc:name>",
        "",
    );
    let error = parse(&without).unwrap_err();
    assert_eq!(error.rule(), &Rule::ElementMissing("name"));
    assert_eq!(
        (error.element(), error.line()),
        (Some("schule"), Some(u32::try_from(school_line).unwrap()))
    );
    assert_eq!(error.code(), "xschule.element_missing");
    assert_eq!(
        error.to_string(),
        format!("line {school_line}, column 5: element schule: the element name is missing")
    );
}

#[test]
fn refuses_one_wrong_element() {
    let cases = [
        (
            "<xbd:titel>",
            "<xbd:titel>x</xbd:titel><xbd:titel>",
            "titel:15",
            Rule::ElementRepeated { allowed: 1 },
        ),
        (
            "<xsc:anschrift>\n            <xsc:ort>",
            "<xsc:wohnung/><xsc:anschrift><xsc:ort>",
            "schueler:",
            Rule::ElementUnexpected,
        ),
        (
            "<xsc:ort>Musterhausen",
            "<xsc:strasse>x</xsc:strasse><xsc:ort>Musterhausen",
            "strasse:",
            Rule::ElementUnexpected,
        ),
        (
            "<xbd:punkte>12</xbd:punkte>",
            "<xsc:punkte>12</xsc:punkte>",
            "punkte:",
            Rule::Namespace {
                expected: grammar::XBILDUNG,
            },
        ),
        (
            "<code>05</code>",
            "<xsc:code>05</xsc:code>",
            "code:",
            Rule::Namespace { expected: "(none)" },
        ),
        ("<xsc:block-i>", "<xsc:block-i>text", "block-i:", Rule::Text),
        (
            "<xsc:block-i>",
            "<xsc:block-i a=\"b\">",
            "block-i:",
            Rule::AttributeUnexpected,
        ),
        (
            " listVersionID=\"2026\"",
            "",
            "fach:",
            Rule::AttributeMissing("listVersionID"),
        ),
        (
            "<xsc:niveauEQR>",
            "<xsc:niveauEQR listURI=\"urn:x\">",
            "niveauEQR:",
            Rule::AttributeValue {
                attribute: "listURI",
                expected: "urn:xbildung-de:publicationsoffice-eu:codeliste:eqf",
            },
        ),
    ];
    for (from, to, place, rule) in cases {
        let (found, broken) = refusal(ABITUR, from, to);
        assert_eq!(broken, rule, "{to}");
        assert!(found.starts_with(place.split(':').next().unwrap()), "{found} {place}");
    }
    let swapped = tamper(
        ABITUR,
        "<xsc:niveauEQR>\n            <code>http://data.europa.eu/snb/eqf/4</code>\n        </xsc:niveauEQR>\n",
        "",
    );
    let swapped = tamper(
        &swapped,
        "<xsc:artDesSchulabschlusses>",
        "<xsc:artDesSchulabschlusses><!-- moved -->",
    );
    let swapped = tamper(
        &swapped,
        "        <xsc:erwerb>",
        "<xsc:niveauEQR><code>http://data.europa.eu/snb/eqf/4</code></xsc:niveauEQR><xsc:erwerb>",
    );
    assert_eq!(parse(&swapped).unwrap_err().rule(), &Rule::ElementOrder);
}

#[test]
fn refuses_one_wrong_value() {
    let zeugnisart = "urn:xschule-digital:xschule:codeliste:zeugnisart";
    let cases = [
        (
            "<xbd:punkte>12<",
            "<xbd:punkte>16<",
            "punkte",
            Rule::OutOfScale { least: 0, most: 15 },
        ),
        (
            "<xbd:punkte>12<",
            "<xbd:punkte>-1<",
            "punkte",
            Rule::OutOfScale { least: 0, most: 15 },
        ),
        (
            "<xbd:punkte>12<",
            "<xbd:punkte>11.5<",
            "punkte",
            Rule::Form {
                expected: "whole points",
            },
        ),
        (
            "<xbd:punkte>12<",
            "<xbd:punkte>1e1<",
            "punkte",
            Rule::Form {
                expected: "a decimal number",
            },
        ),
        (
            "<xbd:punkte>755<",
            "<xbd:punkte>901<",
            "punkte",
            Rule::OutOfScale { least: 0, most: 900 },
        ),
        (
            "2026-06-26<",
            "2026-02-30<",
            "datum",
            Rule::Form {
                expected: "a date like 2026-07-05",
            },
        ),
        (
            "2026-06-26<",
            "26.06.2026<",
            "datum",
            Rule::Form {
                expected: "a date like 2026-07-05",
            },
        ),
        (
            "2026-06-26<",
            "2026-06-26T00:00:00Z<",
            "datum",
            Rule::Form {
                expected: "a date like 2026-07-05",
            },
        ),
        (
            "zeugnisart/abschlusszeugnis",
            "zeugnisart/phantasiezeugnis",
            "artDesZeugnisses",
            Rule::CodeUnknown { list: zeugnisart },
        ),
        (
            "1.0/code/zeugnisart/",
            "9.0/code/zeugnisart/",
            "artDesZeugnisses",
            Rule::CodeUnknown { list: zeugnisart },
        ),
        (
            ">true<",
            ">ja<",
            "berechnungsgrundlage",
            Rule::Form {
                expected: "true or false",
            },
        ),
        (
            "Vogelsang-Čermák",
            "Vogelsang-C\u{30c}ermák",
            "name",
            Rule::NotNormalised,
        ),
        ("Vogelsang-Čermák", "Иванова", "name", Rule::Character),
        ("Vogelsang-Čermák", "Vogel\u{202e}sang", "name", Rule::Character),
    ];
    for (from, to, element, rule) in cases {
        let error = parse(&tamper(ABITUR, from, to)).unwrap_err();
        assert_eq!(error.rule(), &rule, "{to}");
        assert_eq!(error.element(), Some(element), "{to}");
        let line = ABITUR.lines().position(|line| line.contains(from)).unwrap() + 1;
        assert_eq!(error.line(), u32::try_from(line).ok(), "{to}");
    }
    let grade = parse(&tamper(REPORT, "<xbd:note>2<", "<xbd:note>7<")).unwrap_err();
    assert_eq!(grade.rule(), &Rule::OutOfScale { least: 1, most: 6 });
}

/// XML Schema Part 2 §3.2.9: a date may carry a time zone.
#[test]
fn a_time_zone_of_a_date_is_dropped() {
    for zone in ["Z", "+02:00", "-11:30", "+14:00"] {
        let report = parse(&tamper(ABITUR, "2008-02-29<", &format!("2008-02-29{zone}<"))).unwrap();
        assert_eq!(
            report.pupil().birth_date.as_ref().map(PartialDate::as_str),
            Some("2008-02-29"),
            "{zone}"
        );
    }
    for zone in ["ZZ", "+2:00", "+15:00", "+14:01", "-11", "+1٣:00"] {
        let error = parse(&tamper(ABITUR, "2008-02-29<", &format!("2008-02-29{zone}<"))).unwrap_err();
        assert_eq!(error.code(), "xschule.form", "{zone}");
    }
}

#[test]
fn a_course_without_a_code_has_the_key_of_its_name() {
    let code = "            <xsc:fach listURI=\"urn:xschule-digital:kmk:codeliste:kdsfach\" listVersionID=\"2025-02-25\">\n                <code>http://xschule.digital/def/kmk/2025-02-25/code/kdsfach/190</code>\n            </xsc:fach>\n";
    let claims = |xml: &str| claims(&tamper(xml, code, ""));
    assert_eq!(at(&claims(REPORT), "subjects.german.grades"), r#"["2"]"#);
    let renamed = tamper(
        REPORT,
        "<xsc:bezeichnung>Deutsch<",
        "<xsc:bezeichnung>Werkstatt Übersetzen (AG)<",
    );
    assert_eq!(
        at(&claims(&renamed), "subjects.werkstatt_übersetzen_ag.grades"),
        r#"["2"]"#
    );
}

/// No rule repeats what stands in the document.
#[test]
fn errors_hold_no_personal_data() {
    let secret = "Geheimname";
    for (from, to) in [
        ("2026-06-26<", "Geheimname<"),
        ("zeugnisart/abschlusszeugnis", "Geheimname"),
        ("<xsc:block-i>", "<xsc:Geheimname>"),
        ("<xsc:block-i>", "<xsc:block-i Geheimname=\"Geheimname\">"),
        ("Hedwig-Beispiel", "&Geheimname;"),
        ("<xsc:schule>", "<xsc:Geheimname/><xsc:schule>"),
    ] {
        let error = parse(&tamper(ABITUR, from, to)).unwrap_err();
        assert!(
            !error.to_string().contains(secret) && !format!("{error:?}").contains(secret),
            "{error}"
        );
    }
}

#[test]
fn sums_that_do_not_add_up_are_findings() {
    let found = |from: &str, to: &str| -> Vec<_> {
        parse(&tamper(ABITUR, from, to))
            .unwrap()
            .findings()
            .iter()
            .map(Finding::code)
            .collect()
    };
    assert_eq!(found("<xbd:note>1.4<", "<xbd:note>1,4<"), [""; 0]);
    assert_eq!(
        found("<xbd:note>1.4<", "<xbd:note>1.3<"),
        ["xschule.finding.average_differs"]
    );
    assert_eq!(
        found("<xbd:note>1.4<", "<xbd:note>gut<"),
        ["xschule.finding.average_missing"]
    );
    assert_eq!(
        found("<xbd:punkte>755<", "<xbd:punkte>756<"),
        ["xschule.finding.total_differs"]
    );
    assert_eq!(
        found("<xbd:punkte>490<", "<xbd:punkte>590<"),
        ["xschule.finding.total_differs", "xschule.finding.block_differs"]
    );
    assert_eq!(
        found("<xbd:punkte>265<", "<xbd:punkte>200<"),
        ["xschule.finding.total_differs", "xschule.finding.block_differs"]
    );
}

#[test]
fn signatures_and_alternatives_are_reported_and_not_used() {
    let signature =
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:x/></ds:Signature></xsc:schueler.abi";
    let report = parse(&tamper(ABITUR, "</xsc:schueler.abi", signature)).unwrap();
    assert!(matches!(report.findings(), [Finding::SignatureNotChecked { .. }]));
    let name = "Vogelsang-Čermák</xsc:name>";
    let alternative = format!(
        "{name}<xsc:alternativeRepraesentation><xsc:repraesentation>QQ==</xsc:repraesentation></xsc:alternativeRepraesentation>"
    );
    let report = parse(&tamper(ABITUR, name, &alternative)).unwrap();
    assert!(matches!(report.findings(), [Finding::AlternativeIgnored { .. }]));
    assert_eq!(report.pupil().family_name.as_deref(), Some("Vogelsang-Čermák"));
}

#[test]
fn pupil_numbers_never_become_claims() {
    let number = "</xsc:anschrift>\n    </xsc:schueler>";
    let with = number.replace(
        "</xsc:schueler>",
        "<xsc:identifikationsnummer><xsc:id>12345678911</xsc:id><xsc:beschreibung>IDNr</xsc:beschreibung></xsc:identifikationsnummer></xsc:schueler>",
    );
    let report = parse(&tamper(ABITUR, number, &with)).unwrap();
    assert!(!format!("{report:?}").contains("12345678911"));
}

#[test]
fn comments_and_cdata_do_not_change_a_value() {
    let split = tamper(ABITUR, "Vogelsang-Čermák", "Vogel<!-- x -->sang-<![CDATA[Čermák]]>");
    assert_eq!(
        parse(&split).unwrap().pupil().family_name.as_deref(),
        Some("Vogelsang-Čermák")
    );
}

#[test]
fn every_cut_of_a_message_is_refused_without_panic() {
    for length in (0..ATTENDANCE.len() - 1).filter(|length| ATTENDANCE.is_char_boundary(*length)) {
        assert!(
            parse(&ATTENDANCE[..length]).is_err() || ATTENDANCE[length..].trim().is_empty(),
            "{length}"
        );
    }
}
