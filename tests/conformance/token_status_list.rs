//! The examples of draft-ietf-oauth-status-list (toward -21): lists in JSON and CBOR, and tokens as JWT and CWT.
//!
//! Divergences, each with its reason, are in [`DIVERGENCES`]; one that passes all the same fails the test.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

use wallet_core::codec::cbor::{Cbor, CborValue};
use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::credential::mdoc::Mdoc;
use wallet_core::credential::{StatusListReference, Unverified};
use wallet_core::crypto::{Curve, SignatureAlgorithm, SigningKey};
use wallet_core::envelope::cose::{TYP, UnverifiedSign1};
use wallet_core::envelope::jws::{Header, UnverifiedJws};
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::status::{StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, IssuerClaim, TrustStore};
use wallet_tests::{TestRandom, vectors};

/// Examples that are refused, and why.
const DIVERGENCES: &[(&str, &str)] = &[(
    "referenced_token_cwt",
    "a credential that is a CWT and no mdoc is of no format here; only its reference is read",
)];

/// §4.1 and Appendix "Test vectors": entries that are not 0.
const ONE_BIT: &[(u64, u8)] = &[
    (0, 1),
    (1993, 1),
    (25460, 1),
    (159_495, 1),
    (495_669, 1),
    (554_353, 1),
    (645_645, 1),
    (723_232, 1),
    (854_545, 1),
    (934_534, 1),
    (1_000_345, 1),
];
const TWO_BITS: &[(u64, u8)] = &[
    (0, 1),
    (1993, 2),
    (25460, 1),
    (159_495, 3),
    (495_669, 1),
    (554_353, 1),
    (645_645, 2),
    (723_232, 1),
    (854_545, 1),
    (934_534, 2),
    (1_000_345, 3),
];
const FOUR_BITS: &[(u64, u8)] = &[
    (0, 1),
    (1993, 2),
    (35460, 3),
    (459_495, 4),
    (595_669, 5),
    (754_353, 6),
    (845_645, 7),
    (923_232, 8),
    (924_445, 9),
    (934_534, 10),
    (1_000_345, 12),
    (1_004_534, 11),
    (1_030_203, 13),
    (1_030_204, 14),
    (1_030_205, 15),
];

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join("draft-examples").join(format!("{name}.md"))).unwrap()
}

/// The JSON object of a page, whose strings are broken over lines.
fn json(page: &str) -> Json {
    let object: String = page[page.find('{').unwrap()..].split_whitespace().collect();
    Json::parse(object, &mut Budget::default()).unwrap()
}

/// Bits and compressed list of a page in hexadecimal CBOR: a map of `bits` to a small number, `lst` to bytes.
fn cbor(page: &str) -> (u64, Vec<u8>) {
    let hex: String = page[page.find("a264").unwrap()..].split_whitespace().collect();
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert_eq!(&bytes[..6], b"\xa2\x64bits");
    assert_eq!(&bytes[7..11], b"\x63lst");
    let (length, start) = match bytes[11] {
        short @ 0x40..=0x57 => (usize::from(short - 0x40), 12),
        0x58 => (usize::from(bytes[12]), 13),
        _ => (usize::from(u16::from_be_bytes([bytes[12], bytes[13]])), 14),
    };
    assert_eq!(bytes.len(), start + length);
    (u64::from(bytes[6]), bytes[start..].to_vec())
}

fn set_entries(list: &StatusList) -> Vec<(u64, u8)> {
    let entries = (0..list.len()).map(|index| (index, list.get(index).unwrap()));
    entries.filter(|(_, value)| *value != 0).collect()
}

#[test]
fn lists_decode_to_the_published_entries_and_encode_to_the_published_bytes() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    for (name, bits, entries) in [
        ("status_list_encoding", 1, None),
        ("status_list_encoding2", 2, None),
        ("status_list_encoding1_long", 1, Some(ONE_BIT)),
        ("status_list_encoding2_long", 2, Some(TWO_BITS)),
        ("status_list_encoding4", 4, Some(FOUR_BITS)),
        ("status_list_encoding8", 8, None),
    ] {
        let published = json(&read(&folder, &format!("{name}_json")));
        let list = StatusList::decode(&published).unwrap();
        assert_eq!(u64::from(list.width().bits()), bits, "{name}");
        if let Some(entries) = entries {
            assert_eq!(list.len(), 1 << 20, "{name}");
            assert_eq!(set_entries(&list), entries, "{name}");
        }
        // What our encoder makes need not be the published bytes (zlib made those), but must be as short and mean
        // the same.
        let ours = StatusList::decode(&Json::from(list.encode())).unwrap();
        assert_eq!(ours, list, "{name}");
        let theirs = base64url::decode(published.get("lst").and_then(Json::as_str).unwrap()).unwrap();
        assert!(list.compress().len() <= theirs.len() + theirs.len() / 4, "{name}");

        let (cbor_bits, compressed) = cbor(&read(&folder, &format!("{name}_cbor")));
        assert_eq!(cbor_bits, bits, "{name}");
        let width = StatusWidth::from_bits(cbor_bits).unwrap();
        assert_eq!(StatusList::decompress(width, &compressed).unwrap(), list, "{name}");
    }
}

#[test]
fn the_two_short_lists_are_made_byte_by_byte() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    for (name, width, bytes) in [
        ("status_list_encoding_json", StatusWidth::One, vec![0xb9, 0xa3]),
        ("status_list_encoding2_json", StatusWidth::Two, vec![0xc9, 0x44, 0xf9]),
    ] {
        let list = StatusList::from_bytes(width, bytes).unwrap();
        assert_eq!(Json::from(list.encode()), json(&read(&folder, name)), "{name}");
    }
}

#[test]
fn an_eight_bit_list_holds_every_value_once() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    let list = StatusList::decode(&json(&read(&folder, "status_list_encoding8_json"))).unwrap();
    let mut values: Vec<u8> = set_entries(&list).into_iter().map(|(_, value)| value).collect();
    values.sort_unstable();
    assert_eq!(values, (1..=255).collect::<Vec<u8>>());
}

#[test]
fn the_token_example_has_the_header_and_list_that_it_says() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    let page = read(&folder, "status_list_jwt");
    let (header, payload) = page.split_once("}\n.").unwrap();
    assert_eq!(
        json(&format!("{header}}}")).get("typ").and_then(Json::as_str),
        Some("statuslist+jwt")
    );
    let list = json(payload).get("status_list").cloned().unwrap();
    assert_eq!(StatusList::decode(&list).unwrap().as_bytes(), [0xb9, 0xa3]);
}

/// The bytes of a page in hexadecimal, which begins with a tag of COSE.
fn message(page: &str) -> Vec<u8> {
    let hex: String = page[page.find("d284").unwrap()..].split_whitespace().collect();
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

#[test]
fn the_cwt_example_has_the_header_claims_and_list_that_it_says() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    let mut budget = Budget::default();
    let bytes = message(&read(&folder, "status_list_cwt"));
    let example = UnverifiedSign1::parse(&bytes, &mut budget).unwrap();
    assert_eq!(
        example.protected_header(TYP).and_then(CborValue::as_str),
        Some("application/statuslist+cwt")
    );
    let claims = Cbor::parse(example.inspect().unwrap(), &mut budget).unwrap();
    let list = claims.get_int(65_533).unwrap();
    let width = list.get("bits").and_then(Cbor::as_u64).and_then(StatusWidth::from_bits);
    let compressed = list.get("lst").and_then(Cbor::as_bytes).unwrap();
    let list = StatusList::decompress(width.unwrap(), compressed).unwrap();
    assert_eq!(list.as_bytes(), [0xb9, 0xa3]);

    // The example with our own key in place of the unknown one: the claims, byte by byte, are what we write.
    let issued = Timestamp::from_unix(1_686_920_170);
    let uri = claims.get_int(2).and_then(Cbor::as_str).unwrap();
    let times = TokenTimes::new(issued)
        .expires(Timestamp::from_unix(2_291_720_170))
        .time_to_live(43_200);
    let token = StatusListToken::new(uri, list, times);
    let ours = token.unsigned_cwt(SignatureAlgorithm::Es256, &[]);
    let ours = ours.with_signature(vec![0; 64]);
    assert_eq!(ours.as_array().unwrap()[0].as_bytes(), Some(&bytes[4..36]));
    assert_eq!(ours.as_array().unwrap()[2].as_bytes(), example.inspect());

    // It is read as a list for an issuer whose keys are known, and only its signature is amiss: nobody has the key.
    let key = SigningKey::generate(Curve::P256, &mut TestRandom::new(1));
    let mut trust = TrustStore::new(Environment::Test);
    let jwk = Jwk::parse(&Json::from(PublicKey::from(&key).to_jwk())).unwrap();
    trust.pin_issuer_keys(None, JwkSet::new(vec![jwk]));
    let header = Header::new(Object::new().with("alg", Json::from("ES256"))).unwrap();
    let issuer = trust
        .resolve_issuer(&IssuerClaim::new(&header, None, "t"), issued)
        .unwrap();
    let verify = |bytes: &[u8], now| StatusListToken::verify_cwt(bytes, uri, &issuer, None, now);
    assert_eq!(
        verify(&bytes, issued).map_err(|error| error.code()),
        Err("cose.bad_signature")
    );
    assert_eq!(verify(&token.sign_cwt(&key, &[]), issued), Ok(token.clone()));
    let late = verify(&token.sign_cwt(&key, &[]), Timestamp::from_unix(2_291_720_170));
    assert_eq!(late.map_err(|error| error.code()), Err("status.list_expired"));
}

#[test]
fn the_reference_of_the_cwt_credential_is_read() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    let mut budget = Budget::default();
    let bytes = message(&read(&folder, "referenced_token_cwt"));
    let example = UnverifiedSign1::parse(&bytes, &mut budget).unwrap();
    let claims = Cbor::parse(example.inspect().unwrap(), &mut budget).unwrap();
    let reference = StatusListReference::from_mdoc(&claims.get_int(65_535).unwrap().to_value());
    let expected = StatusListReference::cwt(0, "https://example.com/statuslists/1");
    assert_eq!(reference, Ok(expected));
}

#[test]
fn divergences_are_as_listed() {
    let Some(folder) = vectors("token-status-list") else {
        return;
    };
    for (name, reason) in DIVERGENCES {
        let parsed = Unverified::<Mdoc>::parse(&message(&read(&folder, name)), &mut Budget::default());
        assert!(parsed.is_err(), "{name} passes now: {reason}");
    }
    let text: String = read(&folder, "status_list_jwt_raw").split_whitespace().collect();
    let raw = UnverifiedJws::parse(&text, &mut Budget::default()).unwrap();
    assert_eq!(raw.header().expect_typ("statuslist+jwt"), Ok(()));
    // The pages of diagnostic notation spell the messages out that are used above.
    let pages = [
        "status_list_encoding",
        "status_list_jwt",
        "status_list_cwt",
        "referenced_token_cwt",
    ];
    // No example is forgotten: each is either used above or listed.
    for entry in std::fs::read_dir(folder.join("draft-examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(pages.iter().any(|page| name.starts_with(page)), "{name}");
    }
}
