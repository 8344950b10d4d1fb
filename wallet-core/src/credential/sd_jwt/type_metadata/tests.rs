//! Documents, families, and the rules they make.

use super::*;
use crate::codec::{Budget, Json};
use crate::credential::PathElement;
use crate::http::{HttpResponse, LinkPolicy};

const PARENT: &str = r#"{"vct":"https://types.example/report","name":"Report","display":[{"locale":"de-DE","name":"Zeugnis"}],
    "claims":[{"path":["name"],"mandatory":true,"sd":"always","display":[{"locale":"de","label":"Name"}],"svg_id":"name"},
              {"path":["marks",null],"sd":"allowed"},{"path":["school"],"sd":"never"}]}"#;

fn child(extra: &str) -> String {
    format!(
        r#"{{"vct":"urn:example:abitur","extends":"https://types.example/report","extends#integrity":"{}"{extra}}}"#,
        Integrity::of(PARENT.as_bytes())
    )
}

fn resolve(child: &str) -> Result<ResolvedType, TypeMetadataError> {
    let budget = &mut Budget::default();
    let first = TypeFetch::begin(TypeReference::new("urn:example:abitur")).document(child.as_bytes(), budget)?;
    let TypeStep::Fetch(parent) = first else {
        panic!("it has a parent");
    };
    let request = parent.request(LinkPolicy::HttpsOnly)?;
    assert_eq!(request.url().as_str(), "https://types.example/report");
    match parent.answer(&HttpResponse::of_type(200, "application/json", PARENT), budget)? {
        TypeStep::Done(resolved) => Ok(resolved),
        TypeStep::Fetch(_) => panic!("the parent has none"),
    }
}

#[test]
fn a_child_adds_to_its_parent_and_tightens_its_rules() {
    let own = child(
        r#","claims":[{"path":["marks",null],"sd":"always","display":[{"locale":"en","label":"Mark"}]},{"path":["school"],"mandatory":true}]"#,
    );
    let resolved = resolve(&own).expect("valid");
    assert_eq!(
        resolved.type_names(),
        ["urn:example:abitur", "https://types.example/report"]
    );
    assert_eq!(
        resolved.display_for("de").map(|display| display.name.as_str()),
        Some("Zeugnis")
    );
    assert_eq!(resolved.name(), None);
    assert_eq!(resolved.claims().len(), 3);
    assert_eq!(resolved.claims()[1].sd, Some(SdRule::Always));
    assert_eq!(resolved.claims()[2].mandatory, Some(true));
    let mark = ClaimPath::new(vec![PathElement::Key("marks".into()), PathElement::Index(3)]).expect("a path");
    assert_eq!(resolved.label_for(&mark, "de-AT"), Some("Mark"));

    for (claims, path) in [
        (r#"{"path":["name"],"sd":"allowed"}"#, "name"),
        (r#"{"path":["name"],"sd":"never"}"#, "name"),
        (r#"{"path":["name"],"mandatory":false}"#, "name"),
        (r#"{"path":["school"],"sd":"always"}"#, "school"),
    ] {
        let loosened = child(&format!(r#","claims":[{claims}]"#));
        let path = ClaimPath::of_keys(path, &[]);
        assert_eq!(resolve(&loosened), Err(TypeMetadataError::Loosens(path)));
    }
    let display = child(r#","display":[{"lang":"en","name":"Report"}]"#);
    let display = resolve(&display).expect("valid");
    assert_eq!(
        display
            .display()
            .iter()
            .map(|display| display.locale.as_str())
            .collect::<Vec<_>>(),
        ["en"]
    );
}

#[test]
fn another_document_than_the_one_meant_is_refused() {
    let budget = &mut Budget::default();
    let start = || TypeFetch::begin(TypeReference::new("urn:example:abitur"));
    let parse = |document: &str| start().document(document.as_bytes(), &mut Budget::default()).err();
    assert_eq!(parse(PARENT), Some(TypeMetadataError::OtherType));
    let itself = r#"{"vct":"urn:example:abitur","extends":"urn:example:abitur"}"#;
    assert_eq!(parse(itself), Some(TypeMetadataError::Cycle));
    let TypeStep::Fetch(parent) = start().document(child("").as_bytes(), budget).expect("valid") else {
        panic!("it has a parent");
    };
    let answer = |status, media_type: &str, body: &str| {
        let response = HttpResponse::of_type(status, media_type, body);
        parent.clone().answer(&response, &mut Budget::default()).err()
    };
    let changed = PARENT.replace("Zeugnis", "Urkunde");
    assert_eq!(
        answer(200, "application/json", &changed),
        Some(TypeMetadataError::IntegrityMismatch)
    );
    assert_eq!(
        answer(404, "application/json", PARENT),
        Some(TypeMetadataError::Status(404))
    );
    assert_eq!(answer(200, "text/html", PARENT), Some(TypeMetadataError::MediaType));
    assert_eq!(answer(200, "application/json; charset=utf-8", PARENT), None);
    let request = start().request(LinkPolicy::HttpsOnly).err();
    assert_eq!(request.map(|error| error.code()), Some("type_metadata.not_a_url"));

    let mut step = TypeFetch::begin(TypeReference::new("urn:0"));
    for depth in 0.. {
        let document = format!(r#"{{"vct":"urn:{depth}","extends":"urn:{}"}}"#, depth + 1);
        match step.document(document.as_bytes(), budget) {
            Ok(TypeStep::Fetch(next)) => step = next,
            other => {
                assert_eq!(other, Err(TypeMetadataError::TooManyParents { limit: 8 }));
                break;
            }
        }
    }
}

#[test]
fn a_document_is_as_the_specification_has_it() {
    let parse = |document: &str| TypeMetadata::parse(document.as_bytes(), &mut Budget::default()).err();
    let with = |members: &str| parse(&format!(r#"{{"vct":"urn:x",{members}}}"#));
    let bad = |name| Some(TypeMetadataError::BadMember(name));
    assert_eq!(with(r#""unknown":[1],"schema_uri":"https://x.example""#), None);
    assert_eq!(parse(r#"{"name":"x"}"#), bad("vct"));
    assert_eq!(with(r#""display":[{"name":"x"}]"#), bad("locale"));
    assert_eq!(with(r#""display":[{"locale":"de"}]"#), bad("name"));
    assert_eq!(with(r#""claims":[{"display":[]}]"#), bad("path"));
    assert_eq!(
        with(r#""claims":[{"path":["a"],"display":[{"locale":"de","name":"x"}]}]"#),
        bad("label")
    );
    assert_eq!(with(r#""claims":[{"path":["a"],"sd":"sometimes"}]"#), bad("sd"));
    assert_eq!(with(r#""claims":[{"path":["a"],"mandatory":"yes"}]"#), bad("mandatory"));
    assert_eq!(with(r#""claims":[{"path":["a"],"svg_id":"1a"}]"#), bad("svg_id"));
    assert_eq!(
        with(r#""claims":[{"path":["a"],"svg_id":"x"},{"path":["b"],"svg_id":"x"}]"#),
        bad("svg_id")
    );
    let twice = with(r#""claims":[{"path":["a"]},{"path":["a"]}]"#);
    assert_eq!(
        twice,
        Some(TypeMetadataError::DuplicatePath(ClaimPath::of_keys("a", &[])))
    );
    assert_eq!(
        with(r#""claims":[{"path":[]}]"#),
        Some(TypeMetadataError::Path(PathError::Empty))
    );
    let rendering = |rendering: &str| {
        with(&format!(
            r#""display":[{{"locale":"de","name":"x","rendering":{rendering}}}]"#
        ))
    };
    assert_eq!(
        rendering(r#"{"simple":{"logo":{"uri":"http://x.example/a.png"}}}"#),
        bad("uri")
    );
    assert_eq!(
        rendering(r#"{"simple":{"logo":{"uri":"data:image/png;base64,AA=="}}}"#),
        None
    );
    let template = |properties: &str| format!(r#"{{"uri":"https://x.example/a.svg"{properties}}}"#);
    let two = |a: &str, b: &str| rendering(&format!(r#"{{"svg_templates":[{},{}]}}"#, template(a), template(b)));
    let light = r#","properties":{"color_scheme":"light"}"#;
    assert_eq!(two(light, ""), bad("properties"));
    assert_eq!(
        two(light, r#","properties":{"color_scheme":"grey"}"#),
        bad("color_scheme")
    );
    assert_eq!(two(light, r#","properties":{"color_scheme":"dark"}"#), None);
}

#[test]
fn the_strongest_integrity_value_decides() {
    let sha256 = Integrity::of(b"x");
    let sha384 = format!(
        "sha384-{}",
        crate::codec::base64url::encode_standard(crate::crypto::HashAlgorithm::Sha384.digest(b"y"))
    );
    let check = |value: &str, document: &[u8]| Integrity::parse(value).and_then(|integrity| integrity.check(document));
    assert_eq!(check(&sha256, b"x"), Ok(()));
    assert_eq!(check(&sha256, b"y"), Err(TypeMetadataError::IntegrityMismatch));
    let both = format!("{sha256} {sha384}");
    assert_eq!(check(&both, b"x"), Err(TypeMetadataError::IntegrityMismatch));
    assert_eq!(check(&both, b"y"), Ok(()));
    assert_eq!(check(&format!("md5-AAAA {sha256}?x"), b"x"), Ok(()));
    assert_eq!(check("md5-AAAA", b"x"), Err(TypeMetadataError::IntegrityAlgorithm));
    assert_eq!(check("", b"x"), Err(TypeMetadataError::IntegrityAlgorithm));
    assert_eq!(check("sha256-AAAA", b"x"), Err(TypeMetadataError::IntegritySyntax));
    assert_eq!(check("sha256-_-8=", b"x"), Err(TypeMetadataError::IntegritySyntax));
}

#[test]
fn a_template_is_filled_with_text_and_nothing_else() {
    let resolved = resolve(&child("")).expect("valid");
    let claims = |text: &str| Json::parse(text, &mut Budget::default()).expect("valid JSON");
    let fill = |template: &str, values: &str| resolved.fill_svg(template, &claims(values));
    let svg = |inner: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg">{inner}</svg>"#);
    assert_eq!(
        fill(&svg("<text>{{ name }}</text>"), r#"{"name":"<A & 'B'>"}"#),
        Ok(svg("<text>&lt;A &amp; &apos;B&apos;&gt;</text>"))
    );
    assert_eq!(fill(&svg("<text>{{name}}</text>"), "{}"), Ok(svg("<text></text>")));
    for (inner, what) in [
        ("<text>{{other}}</text>", "unknown id"),
        ("<text>{{name</text>", "a place is not closed"),
        ("<text x='{{name}}'/>", "a place outside of text"),
        ("<script>1</script>", "an active element"),
        ("<a onclick='x()'/>", "an event handler"),
        (
            "<image href='https://x.example/a.png'/>",
            "a link that would be fetched",
        ),
        ("<style>a{fill:url(https://x.example)}</style>", "a style that fetches"),
        ("<g style='fill:url(\"https://x.example\")'/>", "a style that fetches"),
        ("<text>", "not well-formed"),
    ] {
        assert_eq!(
            fill(&svg(inner), "{}"),
            Err(TypeMetadataError::Template(what)),
            "{inner}"
        );
    }
    let dtd = format!("<!DOCTYPE svg [<!ENTITY a 'b'>]>{}", svg(""));
    assert_eq!(fill(&dtd, "{}"), Err(TypeMetadataError::Template("not well-formed")));
}
