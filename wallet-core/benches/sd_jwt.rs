//! SD-JWT VC against its raw signatures, in one run: what matters is the ratio, not the machine.
//!
//! `cargo bench -p wallet-core --bench sd_jwt [--features fast-verify]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, KeyBinding, SdJwt, VerifyOptions};
use wallet_core::credential::{ClaimPath, Unverified};
use wallet_core::crypto::{Curve, Random, SigningKey, sha256};
use wallet_core::keys::{Jwk, JwkSet, KeyHandle, PublicKey};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, TrustStore};

struct Repeatable(u64);

impl Random for Repeatable {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&sha256(&self.0.to_be_bytes())[..chunk.len()]);
        }
    }
}

type Task<'a> = (&'static str, Box<dyn FnMut() + 'a>);

const ROUNDS: usize = 301;
const NOW: i64 = 1_800_000_000;

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

fn claims(holder: &SigningKey) -> Object {
    let mut claims = Object::new()
        .with("iss", Json::from("https://school.example"))
        .with("iat", Json::from(NOW - 100))
        .with("exp", Json::from(NOW + 1_000_000))
        .with("vct", Json::from("urn:example:report:1"))
        .with(
            "cnf",
            Json::from(Object::new().with("jwk", Json::from(PublicKey::from(holder).to_jwk()))),
        );
    for index in 0..20 {
        claims.insert(format!("claim_{index}"), format!("the value of claim {index}"));
    }
    claims
}

fn main() {
    let mut random = Repeatable(0);
    let issuer = SigningKey::generate(Curve::P256, &mut random);
    let holder = SigningKey::generate(Curve::P256, &mut random);
    let holder_public = PublicKey::from(&holder);
    let mut trust = TrustStore::new(Environment::Test);
    let jwk = Jwk::parse(&Json::from(PublicKey::from(&issuer).to_jwk())).expect("a key");
    trust.pin_issuer_keys(Some("https://school.example".to_owned()), JwkSet::new(vec![jwk]));

    let claims = claims(&holder);
    let paths: Vec<ClaimPath> = (0..20)
        .map(|index| ClaimPath::of_keys(&format!("claim_{index}"), &[]))
        .collect();
    let blueprint = Blueprint::new(claims, &paths).expect("a blueprint");
    let issued = blueprint.clone().conceal(&mut random).sign(Object::new(), &issuer);
    let now = Timestamp::from_unix(NOW);
    let at_rest = VerifyOptions::at_rest();
    let verified = Unverified::<SdJwt>::parse(&issued, &mut Budget::default())
        .and_then(|received| received.verify(&trust, &at_rest, now))
        .expect("valid");
    let credential = verified.credential();
    let present = || {
        let selection = credential.select(&paths[..5]).expect("they are there");
        let unbound = credential.present(&selection).bind(
            "nonce-1234567890",
            "x509_hash:abc",
            now,
            KeyHandle::new("holder"),
            holder_public.clone(),
        );
        let signature = holder.sign(unbound.signing_request().message());
        unbound.with_signature(&signature)
    };
    let presentation = present();
    let bound = VerifyOptions::presentation(KeyBinding::new("nonce-1234567890", "x509_hash:abc"));

    let input = &issued.as_bytes()[..issued
        .find('~')
        .and_then(|end| issued[..end].rfind('.'))
        .expect("a JWT")];
    let signature = issuer.sign(input);
    let key = issuer.verifying_key();
    let verify = |text: &str, options: &VerifyOptions| {
        Unverified::<SdJwt>::parse(text, &mut Budget::default())
            .and_then(|received| received.verify(&trust, options, now))
            .expect("valid")
    };

    let mut tasks: Vec<Task<'_>> = vec![
        (
            "raw check",
            Box::new(|| key.verify(black_box(input), &signature).expect("valid")),
        ),
        (
            "raw signature",
            Box::new(|| drop(black_box(issuer.sign(black_box(input))))),
        ),
        (
            "verify at rest, 20 disclosed",
            Box::new(|| drop(verify(black_box(&issued), &at_rest))),
        ),
        (
            "verify with key binding, 5 disclosed",
            Box::new(|| drop(verify(black_box(&presentation), &bound))),
        ),
        (
            "issue",
            Box::new(|| drop(blueprint.clone().conceal(&mut random).sign(Object::new(), &issuer))),
        ),
        ("present, 5 of 20", Box::new(|| drop(black_box(present())))),
        (
            "parse alone, 20 disclosed",
            Box::new(|| drop(Unverified::<SdJwt>::parse(black_box(&issued), &mut Budget::default()))),
        ),
    ];
    let times = measure(&mut tasks);
    let (check, sign) = (times[0], times[1]);
    println!("{:<38} {:>9} {:>7} {:>7}", "task (median)", "µs", "raw", "limit");
    let rows: [(usize, Duration, &str); 7] = [
        (0, check, ""),
        (1, sign, ""),
        (2, check, "1.20"),
        (3, check * 2, "1.12"),
        (4, sign, "2.00"),
        (5, sign, "1.50"),
        (6, check, ""),
    ];
    for (index, raw, limit) in rows {
        let time = times[index];
        println!(
            "{:<38} {:>9.2} {:>7.3} {limit:>7}",
            tasks[index].0,
            time.as_secs_f64() * 1e6,
            time.as_secs_f64() / raw.as_secs_f64(),
        );
    }
}
