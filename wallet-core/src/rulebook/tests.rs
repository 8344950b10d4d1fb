use super::*;
use crate::codec::{Budget, Json, Object};
use crate::credential::ClaimPath;

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).unwrap()
}

fn path(text: &str) -> ClaimPath {
    ClaimPath::parse(&json(text)).unwrap()
}

fn paths(credential_type: &CredentialType, claims: &str) -> Vec<String> {
    let claims: Object = json(claims).as_object().unwrap().clone();
    credential_type
        .disclosure_paths(&claims)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn bundled_types_are_complete() {
    let rulebook = Rulebook::bundled();
    assert_eq!(rulebook.types().len(), 6);
    assert!(rulebook.is_a("urn:eudi:pid:de:1", "urn:eudi:pid:1"));
    assert!(!rulebook.is_a("urn:eudi:pid:1", "urn:eudi:pid:de:1"));
    let abitur = rulebook.lookup("urn:mappe:de:abitur:1").unwrap();
    assert_eq!(abitur.extends(), ["urn:mappe:de:school-report:1"]);
    assert!(rulebook.lookup("URN:mappe:de:abitur:1").is_none());
    for credential_type in rulebook.types() {
        for claim in credential_type.claims() {
            if let Some(list) = claim.code_list() {
                assert!(codes::CodeList::named(list).is_some(), "{list}");
            }
        }
    }
}

#[test]
fn remarks_and_absences_are_never_in_a_default_request() {
    for credential_type in Rulebook::bundled().types() {
        let request: Vec<_> = credential_type
            .default_request()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(!request.is_empty(), "{}", credential_type.vct());
        for path in &request {
            assert!(!path.starts_with("remarks") && !path.starts_with("absences"), "{path}");
        }
    }
    let sensitive = r#"{"vct":"urn:x","name":{"de":"x","en":"x"},"description":{"de":"x","en":"x"},"version":"1",
        "source":"x","legal_category":"EAA","mark":"draft","binding":"key",
        "claims":[{"path":["remarks"],"de":"x","en":"x","sensitive":true,"default":true}]}"#;
    let refused = Rulebook::bundled().add(sensitive).map(|_| ());
    assert_eq!(refused, Err(RulebookError::SensitiveByDefault));
}

#[test]
fn labels_follow_paths_with_indexes_and_subject_keys() {
    let rulebook = Rulebook::bundled();
    let abitur = rulebook.lookup("urn:mappe:de:abitur:1").unwrap();
    assert_eq!(abitur.label(&path(r#"["courses",7]"#), Language::German), Some("Kurs"));
    assert_eq!(
        abitur.label(&path(r#"["courses",null]"#), Language::English),
        Some("Course")
    );
    assert_eq!(
        abitur.label(&path(r#"["subjects","mathematics"]"#), Language::German),
        Some("Mathematik")
    );
    assert_eq!(
        abitur.label(&path(r#"["family_name"]"#), Language::German),
        Some("Familienname")
    );
    assert_eq!(abitur.label(&path(r#"["no_such"]"#), Language::German), None);
    let kind = abitur.claim(&path(r#"["report_type"]"#)).unwrap();
    assert_eq!(
        kind.value_label("abschlusszeugnis", Language::English),
        Some("Final report")
    );
}

/// PID_21: every claim, every nested property and every array entry is separately disclosable.
#[test]
fn pid_discloses_every_nested_property_and_entry() {
    let rulebook = Rulebook::bundled();
    let pid = rulebook.lookup("urn:eudi:pid:de:1").unwrap();
    let claims = r#"{"family_name":"A","nationalities":["DE","FR"],"address":{"locality":"B","country":"DE"},
        "age_equal_or_over":{"18":true},"later_claim":1}"#;
    assert_eq!(
        paths(pid, claims),
        [
            "address",
            "address.country",
            "address.locality",
            "age_equal_or_over",
            "age_equal_or_over.18",
            "family_name",
            "later_claim",
            "nationalities",
            "nationalities[0]",
            "nationalities[1]",
        ]
    );
}

#[test]
fn the_mark_of_a_test_and_the_role_are_always_visible() {
    let rulebook = Rulebook::bundled();
    let report = rulebook.lookup("urn:mappe:de:school-report:1").unwrap();
    let claims =
        r#"{"test":true,"document_role":"original","remarks":[{"kind":"x"}],"subjects":{"a":{"points":["5"]}}}"#;
    assert_eq!(
        paths(report, claims),
        ["remarks", "remarks[0]", "subjects", "subjects.a"]
    );
}

/// SD-JWT VC type metadata: `vct`, `extends`, `display` with `locale`, claims with `label` and `sd`.
#[test]
fn type_metadata_has_the_members_of_the_specification() {
    let rulebook = Rulebook::bundled();
    let metadata = rulebook.lookup("urn:eudi:pid:de:1").unwrap().type_metadata();
    assert_eq!(metadata.get("vct"), Some(&Json::from("urn:eudi:pid:de:1")));
    assert_eq!(metadata.get("extends"), Some(&Json::from("urn:eudi:pid:1")));
    let claims = metadata.get("claims").and_then(Json::as_array).unwrap();
    let expected = r#"{"path":["family_name"],"display":[{"locale":"de","label":"Familienname"},
        {"locale":"en","label":"Family name"}],"mandatory":true,"sd":"always"}"#;
    assert_eq!(claims[0], json(expected));
    for member in ["name", "description", "display"] {
        assert!(metadata.get(member).is_some(), "{member}");
    }
}

#[test]
fn pid_names_map_to_mdoc_elements() {
    let rulebook = Rulebook::bundled();
    let pid = rulebook.lookup("urn:eudi:pid:1").unwrap();
    assert_eq!(pid.mdoc().unwrap().doctype, "eu.europa.ec.eudi.pid.1");
    for (claim, element) in [
        (r#"["birthdate"]"#, "birth_date"),
        (r#"["nationalities"]"#, "nationality"),
        (r#"["address","locality"]"#, "resident_city"),
        (r#"["date_of_expiry"]"#, "expiry_date"),
    ] {
        assert_eq!(pid.claim(&path(claim)).unwrap().mdoc_element(), Some(element));
    }
}

#[test]
fn a_child_type_cannot_loosen_its_parent() {
    let child = |extends: &str, claims: &str| {
        format!(
            r#"{{"vct":"urn:x","extends":"{extends}","name":{{"de":"x","en":"x"}},"description":{{"de":"x","en":"x"}},
            "version":"1","source":"x","legal_category":"EAA","mark":"draft","binding":"key","claims":[{claims}]}}"#
        )
    };
    let add = |text: String| Rulebook::bundled().add(&text).map(|_| ());
    let claim = r#"{"path":["family_name"],"de":"x","en":"x","sd":"never","mandatory":true}"#;
    assert_eq!(add(child("urn:eudi:pid:1", claim)), Err(RulebookError::Loosened));
    assert_eq!(add(child("urn:unknown", "")), Err(RulebookError::UnknownParent));
    let twice = r#"{"path":["a"],"de":"x","en":"x"},{"path":["a"],"de":"x","en":"x"}"#;
    assert_eq!(add(child("urn:eudi:pid:1", twice)), Err(RulebookError::Duplicate));
    assert_eq!(
        add(child("urn:eudi:pid:1", r#"{"path":["a"],"de":"x"}"#)),
        Err(RulebookError::Member("de, en"))
    );
    assert_eq!(
        add(child("urn:eudi:pid:1", r#"{"path":["a"],"de":"x","en":"x"}"#)),
        Ok(())
    );
}

#[test]
fn mdoc_elements_are_named_in_both_languages() {
    let rulebook = Rulebook::bundled();
    let pid = rulebook.lookup_doctype("eu.europa.ec.eudi.pid.1").unwrap();
    assert_eq!(pid.vct(), "urn:eudi:pid:1");
    let birth = path(r#"["eu.europa.ec.eudi.pid.1","birth_date"]"#);
    assert_eq!(pid.label(&birth, Language::German), Some("Geburtsdatum"));
    assert_eq!(pid.label(&path(r#"["x","birth_date"]"#), Language::German), None);
    let german = ("eu.europa.ec.eudi.pid.1", "eu.europa.ec.eudi.pid.de.1", "age_over_18");
    assert_eq!(
        rulebook.element_label(german.0, german.1, german.2, Language::English),
        Some("At least 18 years old")
    );
    assert_eq!(
        rulebook.element_label(german.0, german.0, "shoe_size", Language::English),
        None
    );
}

/// The mDL rulebook forbids SD-JWT VC: no `vct` may pass for a driving licence.
#[test]
fn a_driving_licence_is_an_mdoc_and_nothing_else() {
    let rulebook = Rulebook::bundled();
    let licence = rulebook.lookup_doctype("org.iso.18013.5.1.mDL").unwrap();
    assert!(licence.is_mdoc_only());
    assert_eq!(rulebook.lookup("org.iso.18013.5.1.mDL"), None);
    assert!(rulebook.lookup_doctype("ORG.iso.18013.5.1.mDL").is_none());
    let privileges = path(r#"["org.iso.18013.5.1","driving_privileges"]"#);
    assert_eq!(
        licence.label(&privileges, Language::German),
        Some("Fahrerlaubnisklassen")
    );
    // Nested dates are dates in CBOR too (ISO/IEC 18013-5 §7.2.4).
    let claims = json(r#"{"driving_privileges":[{"vehicle_category_code":"B","issue_date":"2008-02-29"}]}"#);
    let mapped = licence.to_mdoc_elements(claims.as_object().unwrap()).unwrap();
    let expected =
        "81a275766568696 36c655f63617465676f72795f636f646561426a69737375655f64617465d903ec6a323030382d30322d3239";
    let hex: String = mapped.elements[0]
        .value
        .encode()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, expected.replace(' ', ""));
    let wrong = json(r#"{"birth_date":"1964-02-30"}"#);
    let refused = licence.to_mdoc_elements(wrong.as_object().unwrap()).unwrap_err();
    assert_eq!(
        (refused.code(), refused.path.to_string()),
        ("rulebook.mapping", "birth_date".to_owned())
    );
}
