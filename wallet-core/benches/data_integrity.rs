//! Data Integrity against raw Ed25519, in one run: what matters is the ratio, not the machine.
//!
//! `cargo bench -p wallet-core --bench data_integrity --features w3c`

use std::hint::black_box;
use std::time::{Duration, Instant};

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::w3c::contexts::Contexts;
use wallet_core::credential::w3c::data_integrity::{
    Cryptosuite, KeyResolver, ProofError, ProofOptions, ProofPolicy, Purpose, ResolvedKey, UnsignedProof,
    verify_document,
};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::keys::PublicKey;
use wallet_core::time::Timestamp;

type Task<'a> = (&'static str, Box<dyn FnMut() + 'a>);

const ROUNDS: usize = 101;
const REPORT: &str = "https://school.example/report/v1";

struct One(ResolvedKey);

impl KeyResolver for One {
    fn resolve(&self, _: &str, _: Purpose) -> Result<ResolvedKey, ProofError> {
        Ok(self.0.clone())
    }
}

/// The median time of one call, each task measured in turn so that the machine's moods hit all alike.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock, the core does not")]
fn measure(tasks: &mut [Task<'_>]) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(ROUNDS); tasks.len()];
    for _ in 0..ROUNDS {
        for ((_, task), times) in tasks.iter_mut().zip(&mut times) {
            let calls = 10;
            let start = Instant::now();
            for _ in 0..calls {
                task();
            }
            times.push(start.elapsed() / calls);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

/// A school report of 25 claims under the VCDM context and one of its own.
fn report(contexts: &mut Contexts) -> Object {
    let terms: Vec<String> = (0..25)
        .map(|n| format!(r#""subject{n}":"https://school.example/terms#subject{n}""#))
        .collect();
    let context = format!(r#"{{"@context":{{"@protected":true,{}}}}}"#, terms.join(","));
    contexts.add(REPORT, &context).expect("a context");
    contexts
        .prepare(&["https://www.w3.org/ns/credentials/v2", REPORT])
        .expect("a context");
    let claims: Vec<String> = (0..25)
        .map(|n| format!(r#""subject{n}":"grade {}""#, n % 6 + 1))
        .collect();
    let text = format!(
        r#"{{"@context":["https://www.w3.org/ns/credentials/v2","{REPORT}"],"type":["VerifiableCredential"],
        "issuer":"did:example:office","validFrom":"2026-07-01T00:00:00Z",
        "credentialSubject":{{"id":"did:example:ada",{}}}}}"#,
        claims.join(",")
    );
    let json = Json::parse(text, &mut Budget::default()).expect("a report");
    json.as_object().expect("an object").clone()
}

fn main() {
    let mut contexts = Contexts::bundled();
    let report = report(&mut contexts);
    let key = SigningKey::from_bytes(Curve::Ed25519, &[7; 32]).expect("a key");
    let public = key.verifying_key();
    let signature = key.sign(&[1; 64]);
    let keys = One(ResolvedKey::new(PublicKey::new(public.clone()), "did:example:office"));
    let policy = ProofPolicy::new(Purpose::AssertionMethod);
    let now = Timestamp::from_unix(1_800_000_000);
    let sign = |suite| {
        let options = ProofOptions::new(suite, "did:example:office#key");
        let unsigned = UnsignedProof::new(report.clone(), &options, Curve::Ed25519, &contexts).expect("a proof");
        unsigned.sign(&key).expect("a signature")
    };
    let (rdfc, jcs) = (sign(Cryptosuite::EddsaRdfc2022), sign(Cryptosuite::EddsaJcs2022));
    let check = |document: &Object| {
        black_box(verify_document(document, &contexts, &keys, &policy, now).expect("a good proof"));
    };
    let mut tasks: Vec<Task<'_>> = vec![
        (
            "raw Ed25519 check",
            Box::new(|| public.verify(&[1; 64], &signature).expect("good")),
        ),
        ("eddsa-rdfc-2022, 25 claims", Box::new(|| check(&rdfc))),
        ("eddsa-jcs-2022, 25 claims", Box::new(|| check(&jcs))),
    ];
    let times = measure(&mut tasks);
    let raw = times[0].as_secs_f64();
    for ((name, _), time) in tasks.iter().zip(&times) {
        println!("{name:32} {time:>10.1?} {:>6.2} x raw", time.as_secs_f64() / raw);
    }
}
