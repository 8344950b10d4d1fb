use super::*;
use crate::codec::{Budget, CborValue};

const UUID: [u8; 16] = *b"0123456789abcdef";

fn budget() -> Budget {
    Budget::default()
}

fn key_bytes() -> Vec<u8> {
    CborValue::embedded(vec![0xa1, 0x01, 0x02]).encode()
}

fn request() -> DeviceRequest {
    let items = ItemsRequest::new("org.iso.18013.5.1.mDL")
        .with_element("org.iso.18013.5.1", "family_name", false)
        .with_element("org.iso.18013.5.1", "portrait", true);
    DeviceRequest::new(vec![DocRequest::new(items).with_reader_auth(vec![0x80])])
}

#[test]
fn an_engagement_comes_back_from_its_text() {
    let methods = vec![
        RetrievalMethod::Ble(BleOptions {
            peripheral: Some(UUID),
            central: Some(UUID),
            address: Some([1; 6]),
            psm: Some(129),
        }),
        RetrievalMethod::Nfc(NfcOptions {
            longest_command: 0xffff,
            longest_response: 0x1_0000,
        }),
        RetrievalMethod::WifiAware(WifiAwareOptions {
            pass_phrase: Some("secret".to_owned()),
            operating_class: Some(81),
            channel: Some(6),
            bands: Some(vec![0x14]),
        }),
        RetrievalMethod::Other {
            kind: 77,
            version: 3,
            options: CborValue::Text("elsewhere".to_owned()),
        },
    ];
    let engagement = DeviceEngagement::new(key_bytes(), methods.clone());
    let text = engagement.to_qr_text();
    assert!(text.starts_with("mdoc:") && !text.contains('='));
    let read = DeviceEngagement::from_qr_text(&text, &mut budget()).unwrap();
    assert_eq!(read, engagement);
    assert_eq!(read.retrieval_methods(), methods);
    assert_eq!(read.e_device_key_bytes(), key_bytes());
    let upper = text.replacen("mdoc:", "MDOC:", 1);
    assert!(DeviceEngagement::from_qr_text(&upper, &mut budget()).is_ok());
}

#[test]
fn an_engagement_that_is_none_is_refused() {
    let code = |text: &str| DeviceEngagement::from_qr_text(text, &mut budget()).unwrap_err().code();
    assert_eq!(code("openid4vp://?x"), "mdoc.message.scheme");
    assert_eq!(code("mdö"), "mdoc.message.scheme");
    assert_eq!(code("mdoc:oA=="), "mdoc.message.base64");
    assert_eq!(code("mdoc:oA"), "mdoc.message.missing");
    let good = DeviceEngagement::new(key_bytes(), vec![]).as_bytes().to_vec();
    let code = |bytes: &[u8]| DeviceEngagement::parse(bytes, &mut budget()).unwrap_err().code();
    let with = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|window| window == from).unwrap();
        let mut bytes = good.clone();
        bytes.splice(at..at + from.len(), to.iter().copied());
        bytes
    };
    assert_eq!(code(&with(b"1.0", b"2.0")), "mdoc.message.version");
    assert_eq!(code(&with(&[0x82, 0x01], &[0x82, 0x02])), "mdoc.message.cipher_suite");
    assert_eq!(code(&with(&[0xd8, 0x18], &[0xd8, 0x19])), "mdoc.message.malformed");
    assert!(DeviceEngagement::parse(&with(b"1.0", b"1.9"), &mut budget()).is_ok());
}

#[test]
fn a_request_comes_back_and_what_is_signed_holds_its_bytes() {
    let request = request();
    let bytes = request.encode();
    let read = DeviceRequest::parse(&bytes, &mut budget()).unwrap();
    assert_eq!(read, request);
    assert_eq!(read.encode(), bytes);
    let document = &read.doc_requests()[0];
    assert_eq!(document.items().elements().count(), 2);
    assert!(document.items().asks_for("org.iso.18013.5.1", "portrait"));
    assert!(!document.items().asks_for("org.iso.18013.5.1", "given_name"));
    let signed = document.reader_authentication(&[0xf6]);
    let inner = document.items_request_bytes();
    assert!(signed.windows(inner.len()).any(|window| window == inner));
    assert_eq!(&signed[..2], &[0xd8, 0x18]);

    let whole = request.with_reader_auth_all(vec![0x80]);
    assert_eq!(whole.version(), "1.1");
    let read = DeviceRequest::parse(&whole.encode(), &mut budget()).unwrap();
    assert_eq!(read, whole);
    assert_eq!(read.reader_auth_all().len(), 1);
}

#[test]
fn members_of_the_second_edition_do_not_count_in_a_request_of_the_first() {
    let whole = request().with_reader_auth_all(vec![0x80]).encode();
    let at = whole.windows(3).position(|window| window == b"1.1").unwrap();
    let mut first = whole;
    first[at + 2] = b'0';
    let read = DeviceRequest::parse(&first, &mut budget()).unwrap();
    assert!(read.reader_auth_all().is_empty());
}

#[test]
fn a_request_that_is_none_is_refused() {
    let code = |bytes: &[u8]| DeviceRequest::parse(bytes, &mut budget()).unwrap_err().code();
    assert_eq!(code(&[0x80]), "mdoc.message.malformed");
    assert_eq!(code(&[0xa0]), "mdoc.message.missing");
    assert_eq!(code(&DeviceRequest::new(vec![]).encode()), "mdoc.message.malformed");
    let nothing = DocRequest::new(ItemsRequest::new("a"));
    assert_eq!(
        code(&DeviceRequest::new(vec![nothing]).encode()),
        "mdoc.message.malformed"
    );
    let one = || DocRequest::new(ItemsRequest::new("a").with_element("b", "c", false));
    let many = DeviceRequest::new((0..33).map(|_| one()).collect());
    assert_eq!(code(&many.encode()), "mdoc.message.too_many");
    let items = (0..513).fold(ItemsRequest::new("a"), |items, i| {
        items.with_element("b", i.to_string(), false)
    });
    let many = DeviceRequest::new(vec![DocRequest::new(items)]);
    assert_eq!(code(&many.encode()), "mdoc.message.too_many");
}

#[test]
fn session_messages_come_back() {
    let establishment = SessionEstablishment::new(key_bytes(), vec![1, 2, 3]);
    let read = SessionEstablishment::parse(&establishment.encode(), &mut budget()).unwrap();
    assert_eq!(read, establishment);
    for status in [10, 11, 20, 99] {
        let message = SessionData::of_data(vec![7; 300]).with_status(SessionStatus::Other(status));
        let read = SessionData::parse(&message.encode(), &mut budget()).unwrap();
        assert_eq!(read.status().map(SessionStatus::number), Some(status));
        assert_eq!(read.into_data(), Some(vec![7; 300]));
    }
    assert_eq!(
        SessionData::of_status(SessionStatus::Termination).encode(),
        [0xa1, 0x66, b's', b't', b'a', b't', b'u', b's', 0x14]
    );
    let code = |bytes: &[u8]| SessionData::parse(bytes, &mut budget()).unwrap_err().code();
    assert_eq!(code(&[0xa0]), "mdoc.message.empty");
    assert_eq!(code(&[0x00]), "mdoc.message.malformed");
    assert_eq!(
        code(&[0xa1, 0x64, b'd', b'a', b't', b'a', 0x00]),
        "mdoc.message.malformed"
    );
}

#[test]
fn a_handover_comes_back() {
    let engagement = DeviceEngagement::new(key_bytes(), vec![]);
    let ble = BleCarrier::new(BleRole::CentralPreferred, UUID);
    let carrier = CarrierRecord::new("0", PowerState::Active, Carrier::Ble(ble));
    let select = HandoverSelect::new(engagement.as_bytes(), vec![carrier.clone()]);
    let read = HandoverSelect::parse(select.as_bytes()).unwrap();
    assert_eq!(read, select);
    assert_eq!(read.engagement(), engagement.as_bytes());
    let request = HandoverRequest::new([1, 2], vec![carrier]);
    assert_eq!(HandoverRequest::parse(request.as_bytes()).unwrap(), request);
    let handover = NfcHandover::negotiated(&select, &request);
    assert_eq!(handover.request(), Some(request.as_bytes()));
    assert_eq!(NfcHandover::of_static(&select).request(), None);

    assert!(HandoverRequest::parse(select.as_bytes()).is_err());
    for end in 0..select.as_bytes().len() {
        let error = HandoverSelect::parse(&select.as_bytes()[..end]).unwrap_err();
        assert_eq!(error.code(), "mdoc.message.ndef");
    }
    let longer = [select.as_bytes(), &[0]].concat();
    assert_eq!(HandoverSelect::parse(&longer).unwrap_err().code(), "mdoc.message.ndef");
}
