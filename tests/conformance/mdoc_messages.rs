//! ISO/IEC 18013-5:2021 Annex D: the messages of a meeting in person, byte for byte.

use std::collections::BTreeMap;

use wallet_core::codec::{Budget, Cbor};
use wallet_core::credential::mdoc::SessionTranscript;
use wallet_core::envelope::cose::{CoseError, UnverifiedSign1};
use wallet_core::protocol::mdoc::{
    BleCarrier, BleRole, Carrier, CarrierRecord, DeviceEngagement, DeviceRequest, HandoverRequest, HandoverSelect,
    PowerState, RetrievalMethod, SessionData, SessionEstablishment, SessionStatus,
};
use wallet_core::trust::Certificate;
use wallet_tests::vectors;

fn vector() -> Option<impl Fn(&str) -> Vec<u8>> {
    let file = vectors("mdoc")?.join("iso18013-5-annex-d.json");
    let all: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    Some(move |name: &str| {
        let hex = &all[&format!("ISO_18013_5_ANNEX_D_{name}")];
        let digits = hex.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.map(byte).collect()
    })
}

fn budget() -> Budget {
    Budget::default()
}

#[test]
fn annex_d_device_engagement() {
    let Some(vector) = vector() else { return };
    let bytes = vector("DEVICE_ENGAGEMENT");
    let engagement = DeviceEngagement::parse(&bytes, &mut budget()).unwrap();
    assert_eq!(engagement.e_device_key_bytes(), vector("E_DEVICE_KEY_BYTES"));
    let methods = engagement.retrieval_methods().to_vec();
    let [RetrievalMethod::Ble(ble)] = methods.as_slice() else {
        panic!("{methods:?}");
    };
    assert!(ble.peripheral.is_none() && ble.central.is_some());
    let made = DeviceEngagement::new(engagement.e_device_key_bytes().to_vec(), methods);
    assert_eq!(made.as_bytes(), bytes);
    let again = DeviceEngagement::from_qr_text(&made.to_qr_text(), &mut budget()).unwrap();
    assert_eq!(again.as_bytes(), bytes);
}

#[test]
fn annex_d_device_request() {
    let Some(vector) = vector() else { return };
    let bytes = vector("DEVICE_REQUEST");
    let request = DeviceRequest::parse(&bytes, &mut budget()).unwrap();
    assert_eq!(request.encode(), bytes);
    let [document] = request.doc_requests() else { panic!() };
    assert_eq!(document.items().doctype(), "org.iso.18013.5.1.mDL");
    assert_eq!(document.items().elements().filter(|(_, _, retain)| *retain).count(), 5);
    assert!(document.items_request_bytes().ends_with(&vector("ITEMS_REQUEST")));
    assert_eq!(document.reader_auth(), Some(vector("READER_AUTH").as_slice()));
}

#[test]
fn annex_d_session_messages() {
    let Some(vector) = vector() else { return };
    let bytes = vector("SESSION_ESTABLISHMENT");
    let establishment = SessionEstablishment::parse(&bytes, &mut budget()).unwrap();
    assert_eq!(establishment.encode(), bytes);
    let bytes = vector("SESSION_DATA");
    let data = SessionData::parse(&bytes, &mut budget()).unwrap();
    assert_eq!((data.encode(), data.status()), (bytes, None));
    let bytes = vector("SESSION_TERMINATION");
    let end = SessionData::parse(&bytes, &mut budget()).unwrap();
    assert_eq!((end.encode(), end.status()), (bytes, Some(SessionStatus::Termination)));
}

#[test]
fn annex_d_nfc_handover() {
    let Some(vector) = vector() else { return };
    let tagged = vector("SESSION_TRANSCRIPT_BYTES");
    let outer = Cbor::parse(&tagged, &mut budget()).unwrap();
    let transcript = Cbor::parse(outer.embedded().unwrap(), &mut budget()).unwrap();
    let [engagement, _, handover] = transcript.as_array().unwrap() else {
        panic!()
    };
    let [select, request] = handover.as_array().unwrap() else {
        panic!()
    };
    let bytes = select.as_bytes().unwrap();
    let select = HandoverSelect::parse(bytes).unwrap();
    assert_eq!(select.engagement(), engagement.embedded().unwrap());
    let made = HandoverSelect::new(select.engagement(), select.carriers().to_vec());
    assert_eq!(made.as_bytes(), bytes);
    let ble = BleCarrier {
        address: Some([0x28, 0x12, 0x8b, 0x37, 0x28, 0x28, 0x01]),
        role: BleRole::Central,
        uuids: vec![],
    };
    let record = CarrierRecord::new("0", PowerState::Active, Carrier::Ble(ble));
    assert_eq!(select.carriers(), [record]);

    let bytes = request.as_bytes().unwrap();
    let request = HandoverRequest::parse(bytes).unwrap();
    assert_eq!(request.carriers().len(), 3);
    // The collision number is random; the example's follows.
    let at = bytes.windows(2).position(|window| window == b"cr").unwrap() + 2;
    let made = HandoverRequest::new([bytes[at], bytes[at + 1]], request.carriers().to_vec());
    assert_eq!(made.as_bytes(), bytes);
}

#[test]
fn annex_d_reader_authentication() {
    let Some(vector) = vector() else { return };
    let request = DeviceRequest::parse(&vector("DEVICE_REQUEST"), &mut budget()).unwrap();
    let [document] = request.doc_requests() else { panic!() };
    let transcript = SessionTranscript::from_bytes(&vector("SESSION_TRANSCRIPT_BYTES")).unwrap();
    let auth = UnverifiedSign1::parse(document.reader_auth().unwrap(), &mut budget()).unwrap();
    let chain = auth.x5chain().unwrap().unwrap();
    assert_eq!(chain, [vector("READER_CERT")]);
    let leaf = Certificate::parse(&chain[0]).unwrap();
    let signed = document.reader_authentication(transcript.as_bytes());
    let key = leaf.public_key().unwrap();
    assert_eq!(auth.check(key, &[], Some(&signed)), Ok(()));
    let other = document.reader_authentication(&[0x83, 0xf6, 0xf6, 0xf6]);
    assert_eq!(auth.check(key, &[], Some(&other)), Err(CoseError::BadSignature));
}
