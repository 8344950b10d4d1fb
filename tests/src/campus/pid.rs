//! The pupil's PID, in both formats.

use wallet_core::codec::{Budget, CborValue, Json, Object};
use wallet_core::credential::mdoc::Blueprint as MdocBlueprint;
use wallet_core::credential::sd_jwt::Blueprint;
use wallet_core::credential::{Format, StatusListReference, Unverified};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::presentation::HeldCredential;
use wallet_core::protocol::dcql::{ClaimQuery, CredentialQuery};
use wallet_core::trust::Certificate;

use super::{Campus, STATUS, path};

/// The document type of the PID, and the namespace of its elements.
pub const PID_MDOC: &str = "eu.europa.ec.eudi.pid.1";
/// The type of the PID as an SD-JWT VC.
pub const PID_SD_JWT: &str = "urn:eudi:pid:1";

impl Campus {
    /// A new key of the pupil, which their key store names `id`.
    pub fn new_key(&mut self, id: &str, curve: Curve) -> PublicKey {
        let key = SigningKey::generate(curve, &mut self.random);
        let public = PublicKey::from(&key);
        self.keys.insert(KeyHandle::new(id), key);
        public
    }

    /// The plan of the PID as an mdoc, for a device key.
    pub fn pid_mdoc(&self, device_key: &PublicKey) -> MdocBlueprint {
        let date = |text: &str| CborValue::Tag(1004, Box::new(CborValue::from(text)));
        let element = |plan: MdocBlueprint, name: &str, value: CborValue| plan.element(PID_MDOC, name, value);
        let plan = MdocBlueprint::new(PID_MDOC)
            .validity(
                self.now.plus(-86_400),
                self.now.plus(-86_400),
                self.now.plus(86_400 * 90),
            )
            .device_key(device_key);
        let plan = element(plan, "family_name", CborValue::from("Musterfrau"));
        let plan = element(plan, "given_name", CborValue::from("Ada"));
        let plan = element(plan, "birth_date", date("2008-02-29"));
        let plan = element(plan, "age_over_18", CborValue::from(true));
        element(plan, "issuing_country", CborValue::from("DE"))
    }

    /// The PID as an mdoc with a key named `id`, as an issuer delivers it.
    pub fn issue_pid_mdoc(&mut self, id: &str) -> String {
        let key = self.new_key(id, Curve::P256);
        let plan = self.pid_mdoc(&key);
        self.sign_mdoc(plan)
    }

    /// The same with a status at `index` of the school's list.
    pub fn issue_pid_mdoc_with_status(&mut self, id: &str, index: u64) -> String {
        let key = self.new_key(id, Curve::P256);
        let plan = self.pid_mdoc(&key).status(&StatusListReference::new(index, STATUS));
        self.sign_mdoc(plan)
    }

    /// An mdoc signed by the school.
    ///
    /// # Panics
    /// If the plan makes no sense.
    pub fn sign_mdoc(&mut self, plan: MdocBlueprint) -> String {
        let concealed = plan.conceal(&mut self.random).expect("a plan");
        wallet_core::codec::base64url::encode(concealed.sign(&self.school.key, &self.school.chain))
    }

    /// The PID as an SD-JWT VC with a key named `id`.
    pub fn issue_pid_sd_jwt(&mut self, id: &str) -> String {
        let key = self.new_key(id, Curve::P256);
        let jwk = Json::Object(key.to_jwk());
        let claims = Object::new()
            .with("vct", Json::from(PID_SD_JWT))
            .with("iat", Json::from(self.now.plus(-86_400).unix()))
            .with("exp", Json::from(self.now.plus(86_400 * 90).unix()))
            .with("family_name", Json::from("Musterfrau"))
            .with("given_name", Json::from("Ada"))
            .with("birthdate", Json::from("2008-02-29"))
            .with("cnf", Json::Object(Object::new().with("jwk", jwk)));
        let paths = ["family_name", "given_name", "birthdate"].map(|name| path(&[name]));
        let concealed = Blueprint::new(claims, &paths)
            .expect("a plan")
            .conceal(&mut self.random);
        let header = Object::new()
            .with("typ", Json::from("dc+sd-jwt"))
            .with("x5c", Certificate::to_x5c(&self.school.chain));
        concealed.sign(header, &self.school.key)
    }

    /// What the pupil holds after receiving `text` in this format, under the name of its key.
    pub fn hold_as(&self, format: Format, id: &str, text: &str) -> HeldCredential {
        let parsed = Unverified::parse_as(format, text, &mut Budget::default()).expect("a credential");
        let verified = parsed.verify(&self.wallet_trust(), self.now.plus(-3600));
        let handle = KeyHandle::new(id);
        let key = self.keys.contains_key(&handle).then_some(handle);
        HeldCredential::new(id, verified.expect("a good credential").into_held(), key)
    }

    /// A pupil with a PID in both formats, `mdoc` and `sd_jwt`, and a `report`.
    pub fn identified_pupil(&mut self) -> Vec<HeldCredential> {
        let (mdoc, sd_jwt) = (self.issue_pid_mdoc("mdoc"), self.issue_pid_sd_jwt("sd_jwt"));
        let mut holding = vec![
            self.hold_as(Format::MsoMdoc, "mdoc", &mdoc),
            self.hold_as(Format::DcSdJwt, "sd_jwt", &sd_jwt),
        ];
        holding.extend(self.pupil());
        holding
    }
}

/// Asks for the name and the date of birth in a PID as an mdoc; the name will be kept.
pub fn mdoc_query(id: &str) -> CredentialQuery {
    CredentialQuery::mdoc(id, PID_MDOC)
        .with_claim(ClaimQuery::new(path(&[PID_MDOC, "family_name"])).with_intent_to_retain(true))
        .with_claim(ClaimQuery::new(path(&[PID_MDOC, "birth_date"])).with_intent_to_retain(false))
}

/// Asks for the same in a PID as an SD-JWT VC.
pub fn sd_jwt_query(id: &str) -> CredentialQuery {
    CredentialQuery::sd_jwt_vc(id, &[PID_SD_JWT])
        .with_claim(path(&["family_name"]))
        .with_claim(path(&["birthdate"]))
}
