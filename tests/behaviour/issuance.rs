//! A pupil's wallet receives a school report.

use wallet_core::codec::{Json, Object};
use wallet_core::http::HttpRequest;
use wallet_core::issuance::Outcome;
use wallet_core::issuer::{OfferForm, OfferState};
use wallet_tests::issuing::{Phone, REPORT, School, now};

#[test]
fn a_report_travels_from_the_school_to_the_wallet() {
    for form in [OfferForm::ByReference, OfferForm::ByValue] {
        let mut school = School::new();
        let offer = school.offer(form);
        let mut phone = Phone::new(&school, &offer);
        let outcome = phone.receive(&offer.offer, now(), |request| school.handle(request));
        let Ok(Outcome::Received(receipt)) = outcome else {
            panic!("{outcome:?}")
        };
        let (credentials, report) = receipt.into_parts();
        assert_eq!(credentials.len(), 1);
        assert_eq!(credentials[0].copies.len(), 5);
        for copy in &credentials[0].copies {
            let credential = copy.credential.credential();
            assert_eq!(credential.vct(), REPORT);
            assert_eq!(credential.claims().get("given_name"), Some(&Json::from("Ada")));
            assert_eq!(copy.credential.issuer().name, "Gymnasium am Test");
        }
        let step = report.expect("the school wants to know").send(now()).expect("sends");
        let outcome = phone.drive(step, now(), &mut |request: &HttpRequest| school.handle(request));
        assert!(
            matches!(outcome, Ok(Outcome::Reported { delivered: true })),
            "{outcome:?}"
        );
        let record = school.authority.record(&offer.id).expect("the record is there");
        assert_eq!(record.offer, OfferState::Accepted);
        assert_eq!(record.copies.len(), 5);
        println!("{:?}", phone.log);
        let _ = Object::new();
    }
}
