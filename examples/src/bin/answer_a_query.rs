//! Which of the credentials in a wallet answer a query, what would be shown, and why the others do not.

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::{ClaimPath, Format};
use wallet_core::dcql::{Candidate, evaluate};
use wallet_core::protocol::dcql::{CredentialQuery, Query};
use wallet_examples::Outcome;

fn main() -> Outcome {
    let report = Object::new()
        .with("given_name", Json::from("Thea"))
        .with("final_grade", Json::from("1.4"));
    let library = Object::new().with("given_name", Json::from("Thea"));
    let candidates = [
        Candidate::new("report", Format::DcSdJwt, &report)
            .with_types(["urn:mappe:de:abitur:1"])
            .with_holder_binding(true),
        Candidate::new("library card", Format::DcSdJwt, &library)
            .with_types(["urn:example:card"])
            .with_holder_binding(true),
    ];
    let asked = CredentialQuery::sd_jwt_vc("abitur", &["urn:mappe:de:abitur:1"])
        .with_claim(ClaimPath::of_keys("final_grade", &[]));
    let query = Query::new(vec![asked], Vec::new())?;
    println!("asked: {}", query.to_json());

    let evaluation = evaluate(&query, &candidates, &mut Budget::default())?;
    for answer in evaluation.answers() {
        for matched in answer.matches() {
            let paths: Vec<String> = matched.disclose().iter().map(ToString::to_string).collect();
            println!(
                "`{}` answers `{}` and would show {}",
                candidates[matched.candidate()].id(),
                answer.id(),
                paths.join(", ")
            );
        }
        for unmatched in answer.unmatched() {
            println!(
                "`{}` does not: {}",
                candidates[unmatched.candidate()].id(),
                unmatched.why()
            );
        }
    }
    Ok(())
}
