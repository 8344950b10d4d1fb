//! PIDs of foreign issuers, records of cards, and the names in them.

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::issuer::Approval;
use wallet_core::issuer::eid::{PidRequest, RecordFile};
use wallet_core::rulebook::Rulebook;
use wallet_core::rulebook::names::{NameMatch, compare};
use wallet_core::rulebook::pid::{self, PidView};

use crate::issuing::now;

/// JSON as claims of an SD-JWT VC, as elements of an mdoc, and as the record of a card.
pub fn pid(data: &[u8]) {
    if let Ok(file) = RecordFile::parse(data) {
        let card = file.into_record().expect("it was not read before");
        let approval = Approval::new("desk", "fuzzing");
        let record = card.to_record(&Rulebook::bundled(), &PidRequest::default(), approval, now());
        if let Ok(record) = record {
            // What is issued says the same in both formats, and says that it is a test.
            let view = PidView::from_claims(&record.claims).expect("it was checked");
            let mapped = pid::to_mdoc_elements(&record.claims).expect("it was checked");
            let mut elements = Object::new();
            for element in &mapped.elements {
                if !elements.contains(&element.namespace) {
                    elements.insert(element.namespace.as_str(), Object::new());
                }
                let members = elements.get_mut(&element.namespace).and_then(Json::as_object_mut);
                let members = members.expect("an object was put there");
                members.insert(element.identifier.as_str(), element.value.to_json());
            }
            assert!(view.is_test && PidView::from_mdoc(&elements).as_ref() == Ok(&view));
        }
    }
    let Ok(json) = Json::parse(data, &mut Budget::default()) else {
        // No JSON: two names.
        if let Ok(text) = std::str::from_utf8(data) {
            let (a, b) = text.split_once('\n').unwrap_or((text, text));
            assert_eq!(compare(a, b), compare(b, a), "the order does not matter");
            assert_eq!(compare(a, a), NameMatch::Same);
        }
        return;
    };
    let Some(object) = json.as_object() else { return };
    if let Err(error) = pid::validate(object) {
        assert!(error.code().starts_with("pid."), "{error}");
    }
    if let Ok(view) = PidView::from_claims(object) {
        let _ = view.compare(object);
        if let Ok(mapped) = pid::to_mdoc_elements(object) {
            let encoded: usize = mapped.elements.iter().map(|element| element.value.encode().len()).sum();
            assert!(encoded <= 2 * data.len() + 16, "an mdoc is no larger than its JSON");
        }
    }
    let _ = PidView::from_mdoc(object).map_err(|error| error.to_string());
}
