//! mdoc against its raw signatures, in one run: what matters is the ratio, not the machine.
//!
//! `cargo bench -p wallet-core --bench mdoc [--features fast-verify]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use wallet_core::codec::{Budget, CborValue};
use wallet_core::credential::mdoc::{Blueprint, DeviceBinding, DeviceResponse, Mdoc, SessionTranscript, VerifyOptions};
use wallet_core::credential::{ClaimPath, Unverified};
use wallet_core::crypto::{Curve, Random, SigningKey, sha256};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Environment, Role, TrustStore};

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

const ROUNDS: usize = 2001;
const NAMESPACE: &str = "org.iso.18013.5.1";

/// The median time of one call, each task measured in turn so that the machine's moods hit all alike.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock, the core does not")]
fn measure(tasks: &mut [Task<'_>]) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(ROUNDS); tasks.len()];
    for _ in 0..ROUNDS {
        for ((_, task), times) in tasks.iter_mut().zip(&mut times) {
            // One call at a time: on a busy machine a longer stretch would be interrupted, and only the longer tasks.
            let start = Instant::now();
            task();
            times.push(start.elapsed());
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

fn at(days: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + days * 86_400)
}

/// 25 elements as a driving licence has them, without the portrait.
fn blueprint(device: &PublicKey) -> Blueprint {
    let mut blueprint = Blueprint::new("org.iso.18013.5.1.mDL");
    for index in 0..20 {
        blueprint = blueprint.element(
            NAMESPACE,
            format!("element_{index}"),
            format!("the value of element {index}"),
        );
    }
    for age in [14_u64, 16, 18, 21] {
        blueprint = blueprint.element(NAMESPACE, format!("age_over_{age}"), true);
    }
    blueprint
        .element(NAMESPACE, "birth_date", CborValue::full_date("1990-02-03"))
        .validity(at(-1), at(-1), at(20))
        .device_key(device)
}

fn main() {
    let mut random = Repeatable(0);
    let validity = Validity::new(Some(at(-10)), Some(at(300)));
    let name = CertificateName::new("Bench IACA").country("DE");
    let iaca = CertificateAuthority::generate_iaca(name, "https://a.example", Curve::P256, validity, &mut random);
    let iaca = iaca.expect("an authority");
    let signer = SigningKey::generate(Curve::P256, &mut random);
    let profile = LeafProfile::new(CertificateName::new("Bench DS").country("DE"));
    let crl = "https://a.example/crl";
    let leaf = iaca.issue_document_signer(&profile, &PublicKey::from(&signer), crl, validity, &mut random);
    let chain = [leaf.expect("a certificate")];
    let device = SigningKey::generate(Curve::P256, &mut random);
    let device_public = PublicKey::from(&device);
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, iaca.certificate().clone());
    let prepared = trust.prepare(Role::Issuers, &[chain[0].der().to_vec()], at(0));
    prepared.expect("a trusted chain");

    let blueprint = blueprint(&device_public);
    let mut issue = || {
        let concealed = blueprint.clone().conceal(&mut random).expect("complete");
        concealed.sign(&signer, &chain)
    };
    let issued = issue();
    let at_rest = VerifyOptions::at_rest();
    let verify = |issued: &[u8]| {
        Unverified::<Mdoc>::parse(issued, &mut Budget::default())
            .and_then(|received| received.verify(&trust, &at_rest, at(0)))
            .expect("valid")
    };
    let held = verify(&issued);
    let transcript = SessionTranscript::openid4vp("x509_hash:abc", "nonce", None, "https://v.example/response");
    let present = |paths: &[ClaimPath]| {
        let mdoc = held.credential();
        let selection = mdoc.select(paths).expect("they are there");
        let unbound = mdoc
            .present(&selection)
            .bind(&transcript, KeyHandle::new("device"), device_public.clone());
        let signature = device.sign(unbound.signing_request().message());
        DeviceResponse::new(vec![unbound.with_signature(&signature).expect("its own signature")]).encode()
    };
    let paths = held.credential().disclosable();
    let response = present(&paths);
    let bound = VerifyOptions::presentation(DeviceBinding::new(transcript.clone()));
    let judge = |response: &[u8]| {
        let mut received = DeviceResponse::parse(response, &mut Budget::default()).expect("a response");
        received
            .documents
            .remove(0)
            .verify(&trust, &bound, at(0))
            .expect("valid")
    };

    // As long as what the issuer and the device sign.
    let (long, short) = ([0x5a; 1500], [0x5a; 160]);
    let signatures = (signer.sign(&long), signer.sign(&short));
    let key = signer.verifying_key();
    let mut tasks: Vec<Task<'_>> = vec![
        (
            "raw check, issuer",
            Box::new(|| key.verify(black_box(&long), &signatures.0).expect("valid")),
        ),
        (
            "raw check, device",
            Box::new(|| key.verify(black_box(&short), &signatures.1).expect("valid")),
        ),
        (
            "raw signature",
            Box::new(|| drop(black_box(signer.sign(black_box(&long))))),
        ),
        (
            "verify a response, 25 elements",
            Box::new(|| drop(judge(black_box(&response)))),
        ),
        (
            "verify at rest, 25 elements",
            Box::new(|| drop(verify(black_box(&issued)))),
        ),
        ("issue", Box::new(|| drop(black_box(issue())))),
        ("present, 5 of 25", Box::new(|| drop(black_box(present(&paths[..5]))))),
        (
            "parse a response alone",
            Box::new(|| drop(DeviceResponse::parse(black_box(&response), &mut Budget::default()))),
        ),
    ];
    let times = measure(&mut tasks);
    let (issuer, device, sign) = (times[0], times[1], times[2]);
    println!("{:<38} {:>9} {:>7} {:>7}", "task (median)", "µs", "raw", "limit");
    let rows: [(usize, Duration, &str); 8] = [
        (0, issuer, ""),
        (1, issuer, ""),
        (2, sign, ""),
        (3, issuer + device, "1.15"),
        (4, issuer, ""),
        (5, sign, ""),
        (6, sign + device, ""),
        (7, issuer, ""),
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
