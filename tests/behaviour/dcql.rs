//! A university asks, a wallet finds what answers, and the university checks what came.

use proptest::prelude::*;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::{ClaimPath, Format, PathElement};
use wallet_core::dcql::{Candidate, Evaluation, check_presented, evaluate};
use wallet_core::protocol::dcql::{ClaimQuery, CredentialQuery, CredentialSet, Query};

const REPORT: &str = "urn:example:school-report:1";
const PID: &str = "urn:example:pid:1";

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

fn object(text: &str) -> Object {
    json(text).as_object().expect("an object").clone()
}

fn path(text: &str) -> ClaimPath {
    ClaimPath::parse(&json(text)).expect("a path")
}

fn report() -> Object {
    object(
        r#"{"family_name":"Muster","average":"1,3","absences":4,
            "subjects":[{"name":"Deutsch","points":12},{"name":"Mathematik","points":15},{"name":"Physik","points":13}]}"#,
    )
}

/// Name, average and the points in the subject at index 1; beside it, if the holder likes, a PID.
fn admission() -> Query {
    let report = CredentialQuery::sd_jwt_vc("report", &[REPORT])
        .with_claim(path(r#"["family_name"]"#))
        .with_claim(path(r#"["average"]"#))
        .with_claim(path(r#"["subjects",1,"points"]"#));
    let pid = CredentialQuery::sd_jwt_vc("pid", &[PID]).with_claim(path(r#"["family_name"]"#));
    let sets = vec![
        CredentialSet::required(&[&["report"]]),
        CredentialSet::optional(&[&["pid"]]),
    ];
    Query::new(vec![report, pid], sets).expect("a valid query")
}

fn bound<'a>(vct: &'a str, claims: &'a Object) -> Candidate<'a> {
    Candidate::new("held", Format::DcSdJwt, claims)
        .with_types([vct])
        .with_holder_binding(true)
}

fn answer(query: &Query, held: &[Candidate<'_>]) -> Evaluation {
    evaluate(query, held, &mut Budget::default()).expect("within the default budget")
}

/// The claims that a verifier sees when exactly `paths` are disclosed: withheld elements are gone from their arrays.
fn disclosed(claims: &Object, paths: &[ClaimPath]) -> Object {
    fn keep(value: &Json, paths: &[&[PathElement]]) -> Json {
        if paths.iter().any(|path| path.is_empty()) {
            return value.clone();
        }
        let below = |step: &PathElement| -> Vec<&[PathElement]> {
            let paths = paths.iter().filter(|path| path[0] == *step);
            paths.map(|path| &path[1..]).collect()
        };
        let kept = |step: PathElement, value: &Json| {
            let paths = below(&step);
            (!paths.is_empty()).then(|| keep(value, &paths))
        };
        match value {
            Json::Object(object) => {
                let members = object.iter();
                let kept =
                    members.filter_map(|(name, value)| Some((name, kept(PathElement::Key(name.into()), value)?)));
                Json::Object(kept.collect())
            }
            Json::Array(items) => {
                let items = items.iter().enumerate();
                let kept = items.filter_map(|(index, value)| kept(PathElement::Index(index), value));
                Json::Array(kept.collect())
            }
            other => panic!("a path leads into {other}"),
        }
    }
    let paths: Vec<&[PathElement]> = paths.iter().map(ClaimPath::elements).collect();
    let whole = Json::from(claims.clone());
    keep(&whole, &paths).as_object().expect("an object stays one").clone()
}

#[test]
fn the_university_gets_what_it_asked_for_and_nothing_else() {
    let (query, claims) = (admission(), report());
    let evaluation = answer(&query, &[bound(REPORT, &claims)]);
    assert!(evaluation.is_satisfied() && !evaluation.uses_values());
    let required = evaluation.required_answers();
    assert_eq!(
        required.iter().map(|answer| answer.id()).collect::<Vec<_>>(),
        ["report"]
    );
    let left = disclosed(&claims, required[0].matches()[0].disclose());
    assert_eq!(
        Json::from(left.clone()),
        json(r#"{"family_name":"Muster","average":"1,3","subjects":[{"points":15}]}"#)
    );
    let presented = [bound(REPORT, &left)];
    let checked = check_presented(&query, [("report", presented.as_slice())], &mut Budget::default());
    assert_eq!(checked, Ok(()));
    // The PID was not there, and the wallet can say so to its holder.
    assert_eq!(
        evaluation
            .answer("pid")
            .and_then(|answer| answer.why_not())
            .map(|why| why.code()),
        Some("dcql.type")
    );
}

#[test]
fn a_report_of_a_type_that_inherits_answers_for_its_parent() {
    let (query, claims) = (admission(), report());
    let own = "urn:example:abitur:1";
    let candidate = |types: &[&'static str]| {
        let candidate = Candidate::new("held", Format::DcSdJwt, &claims).with_holder_binding(true);
        answer(&query, &[candidate.with_types(types.iter().copied())]).is_satisfied()
    };
    assert!(candidate(&[own, REPORT]));
    assert!(!candidate(&[own]));
}

#[test]
fn an_answer_that_was_changed_in_one_point_is_refused_by_its_own_code() {
    let (query, claims) = (admission(), report());
    let evaluation = answer(&query, &[bound(REPORT, &claims)]);
    let good = disclosed(&claims, evaluation.answers()[0].matches()[0].disclose());
    let without = |name: &str| {
        let mut less = good.clone();
        less.remove(name).expect("was there");
        less
    };
    let (no_average, no_subjects) = (without("average"), without("subjects"));
    let check = |presented: &[(&str, &[Candidate<'_>])]| {
        let result = check_presented(&query, presented.iter().copied(), &mut Budget::default());
        result.map_err(|error| error.code())
    };
    let one = |candidate: Candidate<'_>| check(&[("report", &[candidate])]);
    let fits = || bound(REPORT, &good);
    assert_eq!(one(fits()), Ok(()));
    assert_eq!(one(bound(REPORT, &no_average)), Err("dcql.claim.absent"));
    assert_eq!(one(bound(REPORT, &no_subjects)), Err("dcql.claim.absent"));
    assert_eq!(one(bound(PID, &good)), Err("dcql.type"));
    assert_eq!(one(fits().with_holder_binding(false)), Err("dcql.holder_binding"));
    let mdoc = Candidate::new("x", Format::MsoMdoc, &good).with_types([REPORT]);
    assert_eq!(one(mdoc.with_holder_binding(true)), Err("dcql.format"));
    assert_eq!(check(&[]), Err("dcql.presented.set_not_answered"));
    assert_eq!(check(&[("report", &[])]), Err("dcql.presented.empty"));
    assert_eq!(check(&[("report", &[fits(), fits()])]), Err("dcql.presented.too_many"));
    assert_eq!(
        check(&[("report", &[fits()]), ("report", &[fits()])]),
        Err("dcql.presented.repeated")
    );
    assert_eq!(
        check(&[("report", &[fits()]), ("diploma", &[fits()])]),
        Err("dcql.presented.unknown_query")
    );
    // An answer to an optional query must fit too.
    assert_eq!(check(&[("report", &[fits()]), ("pid", &[fits()])]), Err("dcql.type"));
    assert_eq!(check(&[("report", &[fits()]), ("pid", &[bound(PID, &good)])]), Ok(()));
}

#[test]
fn a_query_without_sets_needs_every_credential() {
    let query = Query::new(admission().credentials().to_vec(), Vec::new()).expect("valid");
    let (claims, pid) = (report(), object(r#"{"family_name":"Muster"}"#));
    let both = [bound(REPORT, &claims), bound(PID, &pid)];
    assert!(!answer(&query, &both[..1]).is_satisfied());
    assert!(answer(&query, &both[..1]).required_answers().is_empty());
    assert!(answer(&query, &both).is_satisfied());
    let (first, second) = both.split_at(1);
    let check = |presented: &[(&str, &[Candidate<'_>])]| {
        let result = check_presented(&query, presented.iter().copied(), &mut Budget::default());
        result.map_err(|error| error.to_string())
    };
    assert_eq!(check(&[("report", first), ("pid", second)]), Ok(()));
    assert_eq!(check(&[("report", first)]), Err("`pid` is not answered".to_owned()));
}

#[test]
fn several_copies_answer_only_where_several_are_asked_for() {
    let one = CredentialQuery::sd_jwt_vc("report", &[REPORT]);
    let several = one.clone().with_multiple();
    let claims = report();
    let both = [bound(REPORT, &claims), bound(REPORT, &claims)];
    for (asked, code) in [(one, Err("dcql.presented.too_many")), (several, Ok(()))] {
        let query = Query::new(vec![asked], Vec::new()).expect("valid");
        assert_eq!(answer(&query, &both).answers()[0].matches().len(), 2);
        let checked = check_presented(&query, [("report", both.as_slice())], &mut Budget::default());
        assert_eq!(checked.map_err(|error| error.code()), code);
    }
}

#[test]
fn a_query_by_value_is_marked_and_its_refusal_names_no_value() {
    let claim = ClaimQuery::new(path(r#"["family_name"]"#)).with_value("Beispiel");
    let query = Query::new(
        vec![CredentialQuery::sd_jwt_vc("report", &[REPORT]).with_claim(claim)],
        Vec::new(),
    );
    let claims = report();
    let evaluation = answer(&query.expect("valid"), &[bound(REPORT, &claims)]);
    assert!(evaluation.uses_values() && evaluation.must_ask_before_refusing() && !evaluation.is_satisfied());
    let why = evaluation.answers()[0].why_not().expect("not answered");
    assert_eq!(why.to_string(), "the claim family_name has another value");
    let said = format!("{evaluation:?}");
    assert!(!said.contains("Muster") && !said.contains("Beispiel"), "{said}");
}

#[test]
fn a_wildcard_with_a_value_discloses_only_the_elements_that_have_it() {
    let claim = ClaimQuery::new(path(r#"["subjects",null,"points"]"#))
        .with_value(12)
        .with_value(13);
    let query = Query::new(
        vec![CredentialQuery::sd_jwt_vc("report", &[REPORT]).with_claim(claim)],
        Vec::new(),
    );
    let (query, claims) = (query.expect("valid"), report());
    let evaluation = answer(&query, &[bound(REPORT, &claims)]);
    let left = disclosed(&claims, evaluation.answers()[0].matches()[0].disclose());
    assert_eq!(Json::from(left), json(r#"{"subjects":[{"points":12},{"points":13}]}"#));
}

#[test]
fn combinations_of_credential_sets_do_not_explode() {
    // 64 sets of 60 options: 60^64 combinations.
    let ids: Vec<String> = (0..60).map(|index| format!("c{index}")).collect();
    let credentials = ids.iter().map(|id| CredentialQuery::sd_jwt_vc(id, &[REPORT])).collect();
    let options: Vec<[&str; 1]> = ids.iter().map(|id| [id.as_str()]).collect();
    let options: Vec<&[&str]> = options.iter().map(<[&str; 1]>::as_slice).collect();
    let sets = vec![CredentialSet::required(&options); 64];
    let query = Query::new(credentials, sets).expect("within the limits");
    let claims = report();
    let evaluation = answer(&query, &[bound(REPORT, &claims)]);
    assert_eq!(evaluation.required_answers().len(), 1);
    assert!(evaluation.sets().iter().all(|set| set.options().len() == 60));
}

#[test]
fn a_costly_query_over_many_credentials_is_refused_with_both_numbers() {
    let credentials = (0..64).map(|index| CredentialQuery::sd_jwt_vc(&format!("c{index}"), &[REPORT]));
    let query = Query::new(credentials.collect(), Vec::new()).expect("valid");
    let claims = report();
    let held = vec![bound(REPORT, &claims); 4_000];
    let refused = evaluate(&query, &held, &mut Budget::default()).expect_err("too much");
    assert_eq!(refused.to_string(), "the query needs 256000 steps, 200000 are allowed");
    let mut larger = Budget::new(0, 0, 1_000_000);
    assert!(evaluate(&query, &held, &mut larger).is_ok());
}

/// JSON that is sometimes a query: its names are those of the grammar.
fn almost_a_query() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-2_i64..4).prop_map(Json::from),
        prop::sample::select(vec!["a", "b", "dc+sd-jwt", "mso_mdoc", "ldp_vc", "aki", ""]).prop_map(Json::from),
    ];
    let names = vec![
        "credentials",
        "credential_sets",
        "id",
        "format",
        "meta",
        "multiple",
        "trusted_authorities",
        "claims",
        "path",
        "claim_sets",
        "values",
        "options",
        "required",
        "type",
        "vct_values",
        "doctype_value",
        "type_values",
        "a",
        "require_cryptographic_holder_binding",
        "intent_to_retain",
        "namespace",
        "claim_name",
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let member = (prop::sample::select(names.clone()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::from),
            prop::collection::vec(member, 0..8).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn claims() -> impl Strategy<Value = Object> {
    let leaf = prop_oneof![
        (0_i64..3).prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        Just(Json::Null)
    ];
    let value = leaf.prop_recursive(4, 40, 4, |inner| {
        let name = prop::sample::select(vec!["a", "b"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((name, inner), 0..4).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    });
    let name = prop::sample::select(vec!["a", "b"]);
    prop::collection::vec((name, value), 0..4).prop_map(|members| members.into_iter().collect())
}

type RandomClaim = (&'static str, Vec<PathElement>, Option<i64>);

fn queries() -> impl Strategy<Value = Query> {
    let element = prop_oneof![
        2 => prop::sample::select(vec!["a", "b"]).prop_map(|key| PathElement::Key(key.to_owned())),
        1 => (0_usize..3).prop_map(PathElement::Index),
        2 => Just(PathElement::All),
    ];
    let claim = (
        prop::sample::select(vec!["a", "b"]),
        prop::collection::vec(element, 0..3),
        prop::option::weighted(0.2, 0_i64..3),
    );
    let credential = (
        prop::collection::vec(claim, 0..3),
        prop::collection::vec(prop::collection::vec(0_usize..4, 1..3), 0..3),
    );
    (
        prop::collection::vec(credential, 1..3),
        prop::collection::vec(prop::collection::vec(0_usize..4, 1..3), 0..3),
    )
        .prop_map(|(credentials, sets)| {
            let count = credentials.len();
            let credential = |(index, (claims, claim_sets)): (usize, (Vec<RandomClaim>, Vec<Vec<usize>>))| {
                let mut query = CredentialQuery::sd_jwt_vc(&format!("q{index}"), &[REPORT]);
                let amount = claims.len();
                for (position, (first, rest, value)) in claims.into_iter().enumerate() {
                    let path = rest
                        .into_iter()
                        .fold(ClaimPath::of_keys(first, &[]), |path, step| path.then(step));
                    let claim = ClaimQuery::new(path).with_id(&format!("c{position}"));
                    query = query.with_claim(value.into_iter().fold(claim, ClaimQuery::with_value));
                }
                for set in claim_sets.iter().filter(|_| amount > 0) {
                    let ids: Vec<String> = set.iter().map(|position| format!("c{}", position % amount)).collect();
                    query = query.with_claim_set(&ids.iter().map(String::as_str).collect::<Vec<_>>());
                }
                query
            };
            let credentials = credentials.into_iter().enumerate().map(credential).collect();
            let option = |set: &Vec<usize>| {
                set.iter()
                    .map(|index| format!("q{}", index % count))
                    .collect::<Vec<_>>()
            };
            let sets = sets.iter().map(|set| {
                let ids = option(set);
                CredentialSet::required(&[&ids.iter().map(String::as_str).collect::<Vec<_>>()])
            });
            Query::new(credentials, sets.collect()).expect("made to be valid")
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_a_query_or_refused(
        query in queries(),
        place in 0_usize..30,
        other in almost_a_query(),
        held in claims(),
    ) {
        let mut value = query.to_json();
        replace(&mut value, &mut { place }, &other);
        if let Ok(query) = Query::parse(&value) {
            prop_assert_eq!(Query::parse(&query.to_json()), Ok(query.clone()));
            let _ = evaluate(&query, &[bound("a", &held)], &mut Budget::new(0, 0, 100));
        }
    }

    #[test]
    fn what_is_disclosed_was_asked_for_and_satisfies_the_verifier(
        query in queries(),
        holding in prop::collection::vec(claims(), 0..8),
    ) {
        let held: Vec<_> = holding.iter().map(|claims| bound(REPORT, claims)).collect();
        let evaluation = answer(&query, &held);
        let mut left = Vec::new();
        for required in evaluation.required_answers() {
            let asked = query.credential(required.id()).expect("asked");
            let found = &required.matches()[0];
            let claims = &holding[found.candidate()];
            for path in found.disclose() {
                prop_assert!(asked.claims().iter().any(|claim| is_asked(path, claim.path())), "{path} was not asked for");
                let whole = Json::from(claims.clone());
                prop_assert_eq!(path.select(&whole).map(|values| values.len()), Ok(1));
            }
            left.push((required.id(), disclosed(claims, found.disclose())));
        }
        if evaluation.is_satisfied() {
            let presented: Vec<_> = left.iter().map(|(id, claims)| (*id, [bound(REPORT, claims)])).collect();
            let presented = presented.iter().map(|(id, candidates)| (*id, candidates.as_slice()));
            prop_assert_eq!(check_presented(&query, presented, &mut Budget::default()), Ok(()));
        } else {
            prop_assert!(left.is_empty());
        }
    }
}

/// Puts `other` in place of the value at this position, counted from the root down.
fn replace(value: &mut Json, place: &mut usize, other: &Json) {
    if *place == 0 {
        *value = other.clone();
    }
    *place = place.wrapping_sub(1);
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, place, other)),
        Json::Object(object) => object.iter_mut().for_each(|(_, member)| replace(member, place, other)),
        _ => {}
    }
}

/// Whether a concrete path is one of those that `asked` selects.
fn is_asked(path: &ClaimPath, asked: &ClaimPath) -> bool {
    let (path, asked) = (path.elements(), asked.elements());
    let fits = |(own, asked): (&PathElement, &PathElement)| match asked {
        PathElement::All => matches!(own, PathElement::Index(_)),
        other => own == other,
    };
    path.len() == asked.len() && path.iter().zip(asked).all(fits)
}
