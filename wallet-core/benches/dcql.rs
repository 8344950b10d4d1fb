//! A DCQL query over 1,000 held school reports, against one P-256 signature check in the same run.
//!
//! `cargo bench -p wallet-core --bench dcql`: no threshold is tested here, the ratios are printed. A wallet that looks
//! for an answer should cost less than the one signature that each of its credentials would cost a verifier.

use std::hint::black_box;
use std::time::{Duration, Instant};

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::{ClaimPath, Format};
use wallet_core::crypto::{Curve, Random, SigningKey};
use wallet_core::dcql::{Candidate, evaluate};
use wallet_core::protocol::dcql::{ClaimQuery, CredentialQuery, Query};

const HELD: usize = 1_000;
const TYPE: &str = "urn:example:school-report:1";
const ROUNDS: usize = 15;

/// Randomness for a key that signs one message.
struct Fixed;

impl Random for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(7);
    }
}

fn main() {
    let check = signature_check();
    println!("one P-256 signature check: {:.2} µs", micros(check));
    let reports: Vec<Object> = (0..HELD).map(report).collect();
    let held: Vec<Candidate<'_>> = reports
        .iter()
        .map(|claims| {
            let candidate = Candidate::new("report", Format::DcSdJwt, claims);
            candidate.with_types([TYPE]).with_holder_binding(true)
        })
        .collect();
    for (name, query) in queries() {
        let run = || evaluate(&query, &held, &mut Budget::default()).expect("within the default budget");
        let matches = run().answers()[0].matches().len();
        let per_credential = best(1, || drop(black_box(run()))) / u32::try_from(HELD).expect("small");
        let ratio = per_credential.as_secs_f64() / check.as_secs_f64();
        println!(
            "{name}: {matches} of {HELD} match, {:.3} µs a credential, {ratio:.4} of a signature check",
            micros(per_credential)
        );
    }
}

fn queries() -> [(&'static str, Query); 5] {
    let path =
        |json: &str| ClaimPath::parse(&Json::parse(json, &mut Budget::default()).expect("JSON")).expect("a path");
    let claim = |json: &str| ClaimQuery::new(path(json));
    let of = |credential: CredentialQuery| Query::new(vec![credential], Vec::new()).expect("a valid query");
    let report = || CredentialQuery::sd_jwt_vc("report", &[TYPE]);
    let named = || {
        report()
            .with_claim(claim(r#"["family_name"]"#))
            .with_claim(claim(r#"["average"]"#))
    };
    [
        (
            "another type",
            of(CredentialQuery::sd_jwt_vc("report", &["urn:example:other"])),
        ),
        (
            "name, average, two subjects",
            of(named()
                .with_claim(claim(r#"["subjects",0,"grade"]"#))
                .with_claim(claim(r#"["subjects",7,"grade"]"#))),
        ),
        (
            "by value, one in 100",
            of(named().with_claim(claim(r#"["number"]"#).with_value(42))),
        ),
        (
            "every grade",
            of(named().with_claim(claim(r#"["subjects",null,"grade"]"#))),
        ),
        (
            "last of three claim sets",
            of(report()
                .with_claim(claim(r#"["missing"]"#).with_id("a"))
                .with_claim(claim(r#"["subjects",null,"missing"]"#).with_id("b"))
                .with_claim(claim(r#"["average"]"#).with_id("c"))
                .with_claim_set(&["a"])
                .with_claim_set(&["b"])
                .with_claim_set(&["c"])),
        ),
    ]
}

fn report(number: usize) -> Object {
    let subject = |index: usize| {
        let grade = Json::from(format!("{},{}", 1 + index % 3, number % 10));
        Json::from(
            Object::new()
                .with("name", Json::from(format!("Subject {index}")))
                .with("grade", grade)
                .with("points", Json::from(index)),
        )
    };
    Object::new()
        .with("vct", Json::from(TYPE))
        .with("family_name", Json::from(format!("Muster {number}")))
        .with("given_name", Json::from("Erika"))
        .with("number", Json::from(number % 100))
        .with("average", Json::from("1,3"))
        .with("subjects", Json::from((0..12).map(subject).collect::<Vec<_>>()))
}

fn signature_check() -> Duration {
    let key = SigningKey::generate(Curve::P256, &mut Fixed);
    let message = [5; 300];
    let signature = key.sign(&message);
    let verifying = key.verifying_key();
    best(200, || {
        for _ in 0..200 {
            verifying
                .verify(black_box(&message), &signature)
                .expect("our own signature");
        }
    })
}

/// The best of some rounds of `work`, divided by how often it does its thing.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock; the library does not"
)]
fn best(times: u32, mut work: impl FnMut()) -> Duration {
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(round).min().unwrap_or_default() / times
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
