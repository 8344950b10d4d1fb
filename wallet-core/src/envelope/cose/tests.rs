use super::headers::{MOST_CERTIFICATES, MOST_HEADERS};
use super::*;
use crate::codec::Budget;
use crate::codec::cbor::CborValue;
use crate::crypto::{SignatureAlgorithm, SigningKey, sha256};

const CURVES: [Curve; 6] = [
    Curve::BrainpoolP256r1,
    Curve::BrainpoolP384r1,
    Curve::Ed25519,
    Curve::P256,
    Curve::P384,
    Curve::P521,
];

fn key(curve: Curve) -> SigningKey {
    let mut scalar = vec![7; curve.coordinate_length()];
    scalar[0] = 0;
    SigningKey::from_bytes(curve, &scalar).expect("a valid scalar")
}

fn es256(payload: &[u8]) -> UnsignedSign1 {
    UnsignedSign1::new(SignatureAlgorithm::Es256, payload)
}

fn parse(message: &CborValue) -> Result<UnverifiedSign1, CoseError> {
    UnverifiedSign1::parse(&message.encode(), &mut Budget::default())
}

/// Signs with P-256 and gives what is wrong with the result.
fn refused(message: UnsignedSign1) -> Option<CoseError> {
    let key = key(Curve::P256);
    let parsed = parse(&message.sign(&key));
    let verdict = parsed.and_then(|message| message.verify(&PublicKey::from(&key), &[], None));
    verdict.err()
}

/// The four elements, to be tampered with.
fn elements(message: CborValue) -> Vec<CborValue> {
    match message {
        CborValue::Array(elements) => elements,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_algorithm_signs_what_it_verifies() {
    for curve in CURVES {
        let signer = key(curve);
        let others = CURVES.into_iter().filter(|other| *other != curve);
        let message = UnsignedSign1::new(signer.algorithm(), "grades").sign(&signer);
        let public = PublicKey::from(&signer);
        for tagged in [message.clone(), CborValue::tag(TAG_SIGN1, message)] {
            let parsed = parse(&tagged).unwrap();
            assert_eq!(parsed.inspect(), Some(&b"grades"[..]));
            for other in others.clone() {
                let other = PublicKey::from(&key(other));
                assert!(matches!(
                    parsed.check(&other, &[], None),
                    Err(CoseError::BadSignature | CoseError::KeyDoesNotFit)
                ));
            }
            let verified = parsed.verify(&public, &[], None).unwrap();
            assert_eq!(verified.payload(), Some(&b"grades"[..]));
        }
    }
}

#[test]
fn names_that_fix_the_curve_take_no_other() {
    for (label, curve) in [
        (-9, Curve::P256),
        (-51, Curve::P384),
        (-52, Curve::P521),
        (-19, Curve::Ed25519),
        (-265, Curve::BrainpoolP256r1),
        (-267, Curve::BrainpoolP384r1),
    ] {
        assert_eq!(Algorithm::from_label(label).map(Algorithm::label), Some(label));
        for other in CURVES {
            let key = key(other);
            let protected = CborValue::map([(ALG, label)]).encode();
            let structure = CborValue::array([
                CborValue::text("Signature1"),
                CborValue::bytes(protected.clone()),
                CborValue::bytes([]),
                CborValue::bytes("x"),
            ]);
            let signature = key.sign(&structure.encode());
            let message = CborValue::array([
                CborValue::bytes(protected),
                CborValue::Map(Vec::new()),
                CborValue::bytes("x"),
                CborValue::bytes(signature),
            ]);
            let verdict = parse(&message).unwrap().check(&PublicKey::from(&key), &[], None);
            let expected = if curve == other {
                Ok(())
            } else {
                Err(CoseError::KeyDoesNotFit)
            };
            assert_eq!(verdict, expected, "{label} {other:?}");
        }
    }
}

#[test]
fn every_part_is_signed() {
    let key = key(Curve::P256);
    let public = PublicKey::from(&key);
    let message = es256(b"grades").external_aad("aad").sign(&key);
    let check = |message: &CborValue, aad: &[u8], detached| parse(message)?.check(&public, aad, detached);
    assert_eq!(check(&message, b"aad", None), Ok(()));
    assert_eq!(check(&message, b"", None), Err(CoseError::BadSignature));
    assert_eq!(check(&message, b"aad", Some(b"grades")), Err(CoseError::PayloadTwice));
    let with = |index: usize, value: CborValue| {
        let mut elements = elements(message.clone());
        elements[index] = value;
        check(&CborValue::Array(elements), b"aad", None)
    };
    // The same header in a longer form is another header.
    let longer = CborValue::bytes([0xb9, 0, 1, 1, 0x26]);
    assert_eq!(with(0, longer), Err(CoseError::BadSignature));
    assert_eq!(with(0, CborValue::bytes([])), Err(CoseError::AlgorithmMissing));
    assert_eq!(with(0, CborValue::bytes([0xa0])), Err(CoseError::AlgorithmMissing));
    assert_eq!(with(0, CborValue::bytes([0x80])), Err(CoseError::NotCose));
    assert_eq!(with(0, CborValue::Map(Vec::new())), Err(CoseError::NotCose));
    let cut = with(0, CborValue::bytes([0xa1])).unwrap_err();
    assert_eq!(cut.code(), "cbor.end_of_input");
    assert_eq!(with(1, CborValue::bytes([0xa0])), Err(CoseError::NotCose));
    assert_eq!(with(2, CborValue::bytes("Grades")), Err(CoseError::BadSignature));
    assert_eq!(with(2, CborValue::Null), Err(CoseError::PayloadMissing));
    assert_eq!(with(2, CborValue::text("grades")), Err(CoseError::NotCose));
    assert_eq!(with(3, CborValue::bytes([0; 64])), Err(CoseError::BadSignature));
    assert_eq!(with(3, CborValue::bytes([])), Err(CoseError::BadSignature));
    assert_eq!(with(3, CborValue::Null), Err(CoseError::NotCose));
    let mut five = elements(message.clone());
    five.push(CborValue::Null);
    assert_eq!(check(&CborValue::Array(five), b"aad", None), Err(CoseError::NotCose));
    for tag in [TAG_MAC0, 61, 98] {
        let tagged = CborValue::tag(tag, message.clone());
        assert_eq!(check(&tagged, b"aad", None), Err(CoseError::WrongTag), "{tag}");
    }
    let twice = CborValue::tag(TAG_SIGN1, CborValue::tag(TAG_SIGN1, message.clone()));
    assert_eq!(check(&twice, b"aad", None), Err(CoseError::WrongTag));
    let cwt = CborValue::tag(61, CborValue::tag(TAG_SIGN1, message));
    let cwt = UnverifiedSign1::parse_cwt(&cwt.encode(), &mut Budget::default()).unwrap();
    assert_eq!(cwt.check(&public, b"aad", None), Ok(()));
}

#[test]
fn a_detached_payload_is_handed_in() {
    let key = key(Curve::P256);
    let message = UnsignedSign1::detached(SignatureAlgorithm::Es256, "grades").sign(&key);
    let parsed = parse(&message).unwrap();
    let check = |payload| parsed.check(&PublicKey::from(&key), &[], payload);
    assert_eq!(check(Some(b"grades")), Ok(()));
    assert_eq!(check(Some(b"Grades")), Err(CoseError::BadSignature));
    assert_eq!(check(None), Err(CoseError::PayloadMissing));
}

#[test]
fn headers_have_one_place_and_one_meaning() {
    assert_eq!(refused(es256(b"x").protected(TYP, "a").unprotected(KID, vec![1])), None);
    assert_eq!(
        refused(es256(b"x").protected(KID, vec![1]).unprotected(KID, vec![1])),
        Some(CoseError::LabelInBothBuckets)
    );
    assert_eq!(
        refused(es256(b"x").unprotected(ALG, -7_i64)),
        Some(CoseError::LabelInBothBuckets)
    );
    let twice = refused(es256(b"x").unprotected(KID, vec![1]).unprotected(KID, vec![2]));
    assert_eq!(twice.map(|error| error.code()), Some("cbor.duplicate_key"));
    let critical = |labels: &[i64]| CborValue::array(labels.iter().map(|label| CborValue::from(*label)));
    let with_critical = |value: CborValue| refused(es256(b"x").protected(CRIT, value).protected(TYP, "a"));
    assert_eq!(with_critical(critical(&[TYP])), None);
    assert_eq!(with_critical(critical(&[])), Some(CoseError::CriticalHeader));
    assert_eq!(with_critical(critical(&[TYP, 999])), Some(CoseError::CriticalHeader));
    assert_eq!(
        with_critical(critical(&[KID])),
        Some(CoseError::CriticalHeader),
        "not there"
    );
    assert_eq!(with_critical(CborValue::from(TYP)), Some(CoseError::BadHeader(CRIT)));
    let text = CborValue::array([CborValue::text("reserved")]);
    assert_eq!(with_critical(text), Some(CoseError::CriticalHeader));
    assert_eq!(
        refused(es256(b"x").unprotected(CRIT, critical(&[TYP]))),
        Some(CoseError::CriticalHeader)
    );
}

#[test]
fn the_algorithm_is_protected_and_supported() {
    let key = PublicKey::from(&key(Curve::P256));
    let with = |protected: Vec<(i64, CborValue)>, unprotected: Vec<(i64, CborValue)>| {
        let message = CborValue::array([
            CborValue::bytes(CborValue::map(protected).encode()),
            CborValue::map(unprotected),
            CborValue::bytes("x"),
            CborValue::bytes([0; 64]),
        ]);
        parse(&message).unwrap().check(&key, &[], None)
    };
    let alg = |value: CborValue| vec![(ALG, value)];
    assert_eq!(
        with(Vec::new(), alg(CborValue::from(-7_i64))),
        Err(CoseError::AlgorithmNotProtected)
    );
    assert_eq!(with(Vec::new(), Vec::new()), Err(CoseError::AlgorithmMissing));
    // Ed448, RS256, HMAC, none at all, beyond 64 bits.
    for other in [-53_i64, -257, 5, 0, i64::MIN, i64::MAX] {
        let other = alg(CborValue::from(other));
        assert_eq!(with(other, Vec::new()), Err(CoseError::UnsupportedAlgorithm));
    }
    for other in [CborValue::text("ES256"), CborValue::Negative(u64::MAX)] {
        assert_eq!(with(alg(other), Vec::new()), Err(CoseError::UnsupportedAlgorithm));
    }
    let bytes = alg(CborValue::bytes([0x26]));
    assert_eq!(with(bytes, Vec::new()), Err(CoseError::BadHeader(ALG)));
    let eddsa = alg(CborValue::from(-8_i64));
    assert_eq!(with(eddsa, Vec::new()), Err(CoseError::KeyDoesNotFit));
}

#[test]
fn certificates_stand_alone_or_in_an_array() {
    let key = key(Curve::P256);
    let chain = |chain: &[Vec<u8>]| parse(&es256(b"x").x5chain(chain).sign(&key)).unwrap().x5chain();
    let (one, two) = (vec![vec![1]], vec![vec![1], vec![2]]);
    assert_eq!(chain(&one), Ok(Some(one.clone())));
    assert_eq!(chain(&two), Ok(Some(two.clone())));
    let protected = parse(&es256(b"x").protected_x5chain(&two).sign(&key)).unwrap();
    assert_eq!(protected.x5chain(), Ok(Some(two)));
    assert!(protected.unprotected_header(X5CHAIN).is_none());
    assert_eq!(parse(&es256(b"x").sign(&key)).unwrap().x5chain(), Ok(None));
    let long = vec![vec![1]; MOST_CERTIFICATES + 1];
    assert_eq!(chain(&long), Err(CoseError::BadHeader(X5CHAIN)));
    for other in [
        CborValue::Array(Vec::new()),
        CborValue::array([CborValue::Null]),
        CborValue::text("x"),
    ] {
        let message = parse(&es256(b"x").unprotected(X5CHAIN, other).sign(&key)).unwrap();
        assert_eq!(message.x5chain(), Err(CoseError::BadHeader(X5CHAIN)));
    }
}

#[test]
fn a_thumbprint_means_the_leaf() {
    let key = key(Curve::P256);
    let check = |algorithm: i64, digest: &[u8]| {
        let x5t = CborValue::array([CborValue::from(algorithm), CborValue::bytes(digest)]);
        parse(&es256(b"x").protected(X5T, x5t).sign(&key))
            .unwrap()
            .check_x5t(b"leaf")
    };
    assert_eq!(check(-16, &sha256(b"leaf")), Ok(()));
    assert_eq!(check(-43, &HashAlgorithm::Sha384.digest(b"leaf")), Ok(()));
    assert_eq!(check(-44, &HashAlgorithm::Sha512.digest(b"leaf")), Ok(()));
    assert_eq!(check(-16, &sha256(b"other")), Err(CoseError::ThumbprintMismatch));
    assert_eq!(check(-16, &sha256(b"leaf")[..8]), Err(CoseError::ThumbprintMismatch));
    assert_eq!(
        check(-15, &sha256(b"leaf")[..8]),
        Err(CoseError::BadHeader(X5T)),
        "truncated"
    );
    assert_eq!(parse(&es256(b"x").sign(&key)).unwrap().check_x5t(b"leaf"), Ok(()));
}

#[test]
fn a_mac_is_checked_whole() {
    let parse = |message: &CborValue| UnverifiedMac0::parse(&message.encode(), &mut Budget::default());
    let message = UntaggedMac0::new("grades").external_aad("aad").authenticate(b"key");
    for tagged in [message.clone(), CborValue::tag(TAG_MAC0, message.clone())] {
        let parsed = parse(&tagged).unwrap();
        assert_eq!(parsed.verify(b"key", b"aad", None), Ok(&b"grades"[..]));
        assert_eq!(parsed.verify(b"Key", b"aad", None), Err(CoseError::BadTag));
        assert_eq!(parsed.verify(b"key", b"", None), Err(CoseError::BadTag));
        let twice = parsed.verify(b"key", b"aad", Some(b"grades"));
        assert_eq!(twice, Err(CoseError::PayloadTwice));
    }
    let with = |index: usize, value: CborValue| {
        let mut elements = elements(message.clone());
        elements[index] = value;
        let parsed = parse(&CborValue::Array(elements))?;
        parsed.verify(b"key", b"aad", None).map(<[u8]>::to_vec)
    };
    let tag = elements(message.clone())[3].as_bytes().unwrap().to_vec();
    assert_eq!(with(3, CborValue::bytes(&tag[..31])), Err(CoseError::BadTag));
    assert_eq!(with(3, CborValue::bytes([])), Err(CoseError::BadTag));
    assert_eq!(with(2, CborValue::bytes("Grades")), Err(CoseError::BadTag));
    for other in [4_i64, 6, 7, -7] {
        let protected = CborValue::bytes(CborValue::map([(ALG, other)]).encode());
        assert_eq!(with(0, protected), Err(CoseError::UnsupportedAlgorithm), "{other}");
    }
    let wrong = CborValue::tag(TAG_SIGN1, message);
    assert_eq!(parse(&wrong).err(), Some(CoseError::WrongTag));
    let detached = parse(&UntaggedMac0::detached("grades").authenticate(b"key")).unwrap();
    assert_eq!(detached.inspect(), None);
    assert_eq!(detached.verify(b"key", &[], Some(b"grades")), Ok(&b"grades"[..]));
    assert_eq!(detached.verify(b"key", &[], None), Err(CoseError::PayloadMissing));
}

/// A message with so many headers in each bucket; labels below are none that mean anything.
fn with_headers(protected: usize, unprotected: usize, critical: usize) -> CborValue {
    let label = |number: usize| CborValue::from(1_000 + i64::try_from(number).expect("a small number"));
    let bucket = |numbers: std::ops::Range<usize>| numbers.map(|number| (label(number), CborValue::Null));
    let mut signed: Vec<_> = bucket(0..protected).collect();
    if critical > 0 {
        let labels = std::iter::repeat_n(CborValue::from(CRIT), critical);
        signed.push((CborValue::from(CRIT), CborValue::array(labels)));
    }
    CborValue::array([
        CborValue::bytes(CborValue::Map(signed).encode()),
        CborValue::Map(bucket(protected..protected + unprotected).collect()),
        CborValue::bytes("grades"),
        CborValue::bytes([0; 64]),
    ])
}

/// Headers are compared in pairs before a signature is checked: their number is bounded, or 400 kB cost minutes.
#[test]
fn no_more_headers_are_compared_than_a_profile_has() {
    let too_many = |count| {
        Some(CoseError::TooManyHeaders {
            count,
            limit: MOST_HEADERS,
        })
    };
    assert_eq!(parse(&with_headers(MOST_HEADERS, 0, 0)).err(), None);
    assert_eq!(parse(&with_headers(MOST_HEADERS / 2, MOST_HEADERS / 2, 0)).err(), None);
    assert_eq!(
        parse(&with_headers(1, MOST_HEADERS, 0)).err(),
        too_many(MOST_HEADERS + 1)
    );
    assert_eq!(parse(&with_headers(40_000, 40_000, 0)).err(), too_many(80_000));
    assert_eq!(parse(&with_headers(0, 0, 1)).err(), None);
    assert_eq!(
        parse(&with_headers(10, 0, 100_000)).err(),
        Some(CoseError::CriticalHeader)
    );
}
