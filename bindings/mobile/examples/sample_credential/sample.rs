//! What a school, its pupil and a verifier hand to an app: files and texts, made anew by each run from the same seed.

use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::Unverified;
use wallet_core::credential::sd_jwt::{SdJwt, VerifyOptions};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_tests::campus::{Campus, STATUS, path};

pub(crate) const NONCE: &str = "n-0S6_WzA2Mj";
pub(crate) const AUDIENCE: &str = "x509_san_dns:uni.example";

pub(crate) struct Sample {
    /// The certificate above the school, in PEM.
    pub(crate) anchor: String,
    pub(crate) at: i64,
    /// A report at rest, with a status that is good.
    pub(crate) credential: String,
    /// The same, taken back by the school.
    pub(crate) revoked: String,
    /// The family name of a report without status, bound to [`NONCE`] and [`AUDIENCE`].
    pub(crate) presentation: String,
    pub(crate) status_list: String,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let mut campus = Campus::new();
        let [good, bad] = [0, 1].map(|index| {
            let claims = campus.with_status(index);
            campus.issue_unbound(claims)
        });
        let held = campus.issue("report", campus.claims());
        Self {
            anchor: campus.school_root.certificate().to_pem(),
            at: campus.now.unix(),
            credential: good,
            revoked: bad,
            presentation: present(&campus, &held),
            status_list: campus.status_list(),
        }
    }

    /// All of it, for another language.
    pub(crate) fn to_json(&self) -> Json {
        let text = |text: &str| Json::from(text);
        Json::Object(
            Object::new()
                .with("anchor", text(&self.anchor))
                .with("at", Json::from(self.at))
                .with("credential", text(&self.credential))
                .with("revoked", text(&self.revoked))
                .with("presentation", text(&self.presentation))
                .with("nonce", text(NONCE))
                .with("audience", text(AUDIENCE))
                .with("status_uri", text(STATUS))
                .with("status_list", text(&self.status_list)),
        )
    }
}

fn present(campus: &Campus, text: &str) -> String {
    let parsed = Unverified::<SdJwt>::parse(text, &mut Budget::default()).expect("an SD-JWT");
    let verified = parsed
        .verify(&campus.wallet_trust(), &VerifyOptions::at_rest(), campus.now)
        .expect("a good report");
    let credential = verified.credential();
    let selection = credential.select(&[path(&["family_name"])]).expect("a family name");
    let handle = KeyHandle::new("report");
    let key = PublicKey::from(campus.key(&handle));
    let unbound = credential
        .present(&selection)
        .bind(NONCE, AUDIENCE, campus.now, handle, key);
    let signatures = campus.sign(&[unbound.signing_request()]);
    unbound.with_signature(&signatures[0])
}
