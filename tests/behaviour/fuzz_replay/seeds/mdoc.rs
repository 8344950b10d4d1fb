//! Seeds for the targets of mdocs.

use wallet_core::codec::cbor::CborValue;
use wallet_core::crypto::{Curve, SignatureAlgorithm, SigningKey, sha256};
use wallet_core::envelope::cose::{CRIT, KID, TAG_MAC0, TAG_SIGN1, TYP, UnsignedSign1, UntaggedMac0, X5T};
use wallet_core::keys::PublicKey;
use wallet_tests::TestRandom;
use wallet_tests::campus::Campus;

use super::{half, seed};

pub(super) fn all() {
    cbor();
    cose();
    keys();
}

fn cbor() {
    let value = CborValue::map([
        ("text", CborValue::text("ß")),
        ("date", CborValue::full_date("2026-02-28")),
        ("time", CborValue::date_time("2026-02-28T00:00:00Z")),
        (
            "list",
            CborValue::array([CborValue::Null, CborValue::Undefined, CborValue::from(true)]),
        ),
        (
            "numbers",
            CborValue::array([-1_i64, i64::MIN, 1 << 40].map(CborValue::from)),
        ),
        (
            "floats",
            CborValue::array([0.5, 1e300, f64::NAN, -0.0].map(CborValue::Float)),
        ),
        ("embedded", CborValue::embedded(vec![0xa1, 1, 2])),
        ("big", CborValue::tag(3, CborValue::bytes([1; 9]))),
        ("simple", CborValue::Simple(255)),
    ]);
    let encoded = value.encode();
    seed("cbor", "values", &encoded);
    seed("cbor", "cut", half(&encoded));
    seed(
        "cbor",
        "longer-heads",
        b"\xb9\x00\x02\x78\x01a\x1b\0\0\0\0\0\0\0\x01\x61b\x5f\x41\x01\x42\x02\x03\xff",
    );
    seed(
        "cbor",
        "indefinite",
        b"\xbf\x61a\x9f\x01\x9f\xff\xff\x7f\x61x\x60\xff\xf6\xff",
    );
    seed("cbor", "deep-arrays", [0x81].repeat(3000));
    seed("cbor", "deep-tags", [0xc1].repeat(3000));
    seed("cbor", "deep-maps", [0xa1, 0x01].repeat(3000));
    seed("cbor", "deep-indefinite", [0x9f].repeat(3000));
    seed("cbor", "claimed-array", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    seed("cbor", "claimed-map", b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02");
    seed("cbor", "claimed-bytes", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    seed(
        "cbor",
        "many-chunks",
        [&[0x5f][..], &[0x40].repeat(3000), &[0xff]].concat(),
    );
    seed("cbor", "duplicate", b"\xa2\x01\x02\x18\x01\x03");
    seed("cbor", "array-as-key", b"\xa1\x81\x01\x02");
    seed("cbor", "bad-utf8", b"\x62\xc3\x28");
    seed("cbor", "short-simple", b"\xf8\x18");
    seed("cbor", "break", b"\xff");
    let many = (0..400_u64).map(|key| (key % 399, CborValue::Null));
    seed("cbor", "late-duplicate", CborValue::map(many).encode());
}

fn cose() {
    let key = SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(9));
    let campus = Campus::new();
    let chain: Vec<Vec<u8>> = campus.school.chain.iter().map(|one| one.der().to_vec()).collect();
    let x5t = CborValue::array([CborValue::from(-16_i64), CborValue::bytes(sha256(&chain[0]))]);
    let signed = UnsignedSign1::new(SignatureAlgorithm::EdDsa, "payload")
        .protected(CRIT, CborValue::array([CborValue::from(TYP)]))
        .protected(TYP, "application/cwt")
        .protected(X5T, x5t)
        .unprotected(KID, b"11".to_vec())
        .x5chain(&chain)
        .sign(&key);
    seed("cose_sign1", "signed", signed.encode());
    seed("cose_sign1", "cut", half(&signed.encode()));
    let tagged = CborValue::tag(TAG_SIGN1, signed);
    seed("cose_sign1", "tagged", tagged.encode());
    seed("cose_sign1", "cwt", CborValue::tag(61, tagged).encode());
    let detached = UnsignedSign1::detached(SignatureAlgorithm::EdDsa, "payload").sign(&key);
    seed("cose_sign1", "detached", detached.encode());
    seed("cose_sign1", "empty-headers", b"\x84\x40\xa0\x40\x40");
    seed("cose_sign1", "header-is-an-array", b"\x84\x41\x80\xa0\x40\x40");
    seed("cose_sign1", "alg-as-text", b"\x84\x48\xa1\x01\x65ES256\xa0\x40\x40");
    seed(
        "cose_sign1",
        "huge-alg",
        b"\x84\x4b\xa1\x01\x3b\xff\xff\xff\xff\xff\xff\xff\xff\xa0\x40\x40",
    );
    seed(
        "cose_sign1",
        "both-buckets",
        b"\x84\x43\xa1\x01\x26\xa1\x01\x26\x40\x40",
    );

    let mac = UntaggedMac0::new("payload").authenticate(b"key");
    seed("cose_mac0", "tagged", CborValue::tag(TAG_MAC0, mac.clone()).encode());
    seed("cose_mac0", "cut", half(&mac.encode()));
    seed(
        "cose_mac0",
        "detached",
        UntaggedMac0::detached("payload").authenticate(b"key").encode(),
    );
    seed("cose_mac0", "no-tag", b"\x84\x43\xa1\x01\x05\xa0\x40\x40");
}

fn keys() {
    for curve in [
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
        Curve::P256,
        Curve::P384,
        Curve::P521,
    ] {
        let key = PublicKey::from(&SigningKey::generate(curve, &mut TestRandom::new(9)));
        seed(
            "cose_key",
            &format!("{curve:?}").to_lowercase(),
            key.to_cose_key().encode(),
        );
    }
    let x = [&b"\xa4\x01\x02\x20\x01\x21\x58\x20"[..], &[1; 32]].concat();
    seed("cose_key", "compressed", [&x[..], &b"\x22\xf5"[..]].concat());
    seed(
        "cose_key",
        "off-the-curve",
        [&x[..], &b"\x22\x58\x20"[..], &[1; 32]].concat(),
    );
    seed("cose_key", "private", [&x[..], &b"\x23\x41\x01"[..]].concat());
    seed("cose_key", "zero", b"\xa3\x01\x01\x20\x06\x21\x40");
}
