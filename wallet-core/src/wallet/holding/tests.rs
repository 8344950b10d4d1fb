use super::*;
use crate::codec::Budget;
use crate::trust::Environment;

fn holding(reuse: Reuse, used: &[bool]) -> Holding {
    let copy = |(number, used): (usize, &bool)| HeldCopy {
        id: RecordId::from_bytes([number as u8; 16]),
        key: None,
        used: *used,
    };
    Holding {
        id: HoldingId::default(),
        format: Format::DcSdJwt,
        type_names: vec!["urn:example:1".to_owned()],
        issuer: Issuer::new(Party::new("School", None, Environment::Test)),
        display: DisplayName::default(),
        supply_point: None,
        issued_at: None,
        received_at: Timestamp::from_unix(0),
        valid_from: None,
        valid_until: None,
        reuse,
        copies: used.iter().enumerate().map(copy).collect(),
    }
}

fn policy(text: &str) -> Option<Reuse> {
    Reuse::from_metadata(&Json::parse(text, &mut Budget::default()).unwrap())
}

#[test]
fn renewal_names_the_most_pressing_reason() {
    let now = Timestamp::from_unix(1_000_000);
    let once = Reuse::OnceOnly {
        refill_below: 2,
        when_empty: WhenEmpty::Refuse,
    };
    assert_eq!(holding(once, &[false, false]).renewal(now), Renewal::NotNeeded);
    let low = Renewal::CopiesLow { left: 1, limit: 2 };
    assert_eq!(holding(once, &[false]).renewal(now), low);
    assert_eq!(holding(once, &[true]).renewal(now), Renewal::Exhausted);
    let mut limited = holding(Reuse::LimitedTime { renew_before: 100 }, &[true]);
    assert_eq!(limited.renewal(now), Renewal::NotNeeded);
    limited.valid_until = Some(now.plus(101));
    assert_eq!(limited.renewal(now), Renewal::NotNeeded);
    limited.valid_until = Some(now.plus(100));
    assert_eq!(limited.renewal(now), Renewal::Expiring { expires: now.plus(100) });
    limited.valid_until = Some(now);
    assert_eq!(limited.renewal(now), Renewal::Expired { expired: now });
}

#[test]
fn the_issuers_rule_is_read_in_both_spellings() {
    let once = |refill_below, when_empty| {
        Some(Reuse::OnceOnly {
            refill_below,
            when_empty,
        })
    };
    assert_eq!(
        policy(
            r#"{"id":"arf_annex_ii","options":[{"details":["once_only"],"batch_size":10,"reissue_trigger_unused":3}]}"#
        ),
        once(3, WhenEmpty::Refuse)
    );
    assert_eq!(
        policy(
            r#"{"id":"arf_annex_ii","options":[{"details":["per-relying-party"]},{"details":["once-only","limited-time"]}]}"#
        ),
        once(1, WhenEmpty::ShowLastAgain)
    );
    assert_eq!(
        policy(r#"{"id":"arf_annex_ii","options":[{"details":["limited_time"],"reissue_trigger_lifetime_left":60}]}"#),
        Some(Reuse::LimitedTime { renew_before: 60 })
    );
    for unknown in [
        r#"{"id":"other","options":[{"details":["once_only"]}]}"#,
        r#"{"id":"arf_annex_ii","options":[{"details":["rotating-batch"]}]}"#,
        r#"{"id":"arf_annex_ii"}"#,
        "[]",
    ] {
        assert_eq!(policy(unknown), None, "{unknown}");
    }
}

#[test]
fn a_name_comes_from_the_rulebook_first() {
    let rulebook = Rulebook::bundled();
    let mut unknown = holding(Reuse::for_batch(1), &[false]);
    assert_eq!(unknown.display_name(&rulebook, Language::German), "urn:example:1");
    unknown.display = DisplayName::new(None, Some("Library card".to_owned()));
    assert_eq!(unknown.display_name(&rulebook, Language::German), "Library card");
    unknown.type_names.push("urn:eudi:pid:1".to_owned());
    let known = rulebook.lookup("urn:eudi:pid:1").unwrap();
    assert_eq!(
        unknown.display_name(&rulebook, Language::German),
        known.name(Language::German)
    );
}

#[test]
fn the_name_of_a_copy_reads_back() {
    let reference = CopyRef {
        holding: HoldingId::new(RecordId::from_bytes([1; 16])),
        copy: RecordId::from_bytes([2; 16]),
    };
    assert_eq!(CopyRef::parse(&reference.to_string()), Some(reference));
    assert_eq!(CopyRef::parse("x.y"), None);
}
