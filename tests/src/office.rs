//! An office that issues PIDs from test cards, in both formats, in one process.

use wallet_core::credential::Format;
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use wallet_core::issuer::eid::{EidRecord, PidRequest, RecordFile};
use wallet_core::issuer::{
    Approval, Authority, AuthorityConfig, MemoryState, OfferCreated, OfferForm, Record, Signer, TransactionCode,
};
use wallet_core::keys::PublicKey;
use wallet_core::rulebook::{Rulebook, pid};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};

use crate::TestRandom;
use crate::issuing::now;

/// The office's identifier.
pub const OFFICE: &str = "https://pid.example";

/// The card of a person who does not exist.
pub const CARD: &str = r#"{"TestData":true,"DocumentType":"ID","IssuingState":"D","DateOfExpiry":"20311031",
    "GivenNames":"ERIKA","FamilyNames":"MUSTERMANN","BirthName":"GABLER","DateOfBirth":"19640812",
    "PlaceOfBirth":"BERLIN","Nationality":"D",
    "PlaceOfResidence":{"Street":"HEIDESTRAẞE 17","City":"KÖLN","ZipCode":"51147","Country":"D"},
    "Portrait":"/9j/4AAQ"}"#;

/// A PID provider with its certificates.
#[derive(Debug)]
#[non_exhaustive]
pub struct Office {
    /// The endpoints and the desk.
    pub authority: Authority,
    /// The root that vouches for the signer of SD-JWT VCs.
    pub root: Certificate,
    /// The root that vouches for the document signer (IACA).
    pub iaca: Certificate,
    /// The signer of SD-JWT VCs and the document signer.
    pub leaves: [Certificate; 2],
    /// Randomness of the office.
    pub random: TestRandom,
    /// The time.
    pub now: Timestamp,
}

impl Office {
    /// An office that issues the German PID, the EU's, and the driving licence.
    #[must_use]
    pub fn new() -> Self {
        let mut random = TestRandom::new(31);
        let validity = Validity::new(Some(now().plus(-2 * 86_400)), Some(now().plus(400 * 86_400)));
        let name = |name: &str| CertificateName::new(name).country("DE");
        let ca = CertificateAuthority::generate(name("PID Test Root"), Curve::P256, validity, &mut random);
        let ca = ca.expect("valid");
        let key = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(name("PID Test Office")).dns("pid.example").uri(OFFICE);
        let leaf = ca.issue_leaf(&profile, &PublicKey::from(&key), validity, &mut random);
        let leaf = leaf.expect("valid");
        let iaca =
            CertificateAuthority::generate_iaca(name("PID Test IACA"), OFFICE, Curve::P256, validity, &mut random);
        let iaca = iaca.expect("valid");
        let document_key = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(name("PID Test Document Signer"));
        let crl = "https://pid.example/crl";
        let document =
            iaca.issue_document_signer(&profile, &PublicKey::from(&document_key), crl, validity, &mut random);
        let document = document.expect("valid");
        let issuer = HttpsUrl::parse(OFFICE, LinkPolicy::HttpsOnly).expect("valid");
        let types = vec![pid::GERMAN_VCT.to_owned(), pid::VCT.to_owned()];
        let mut config = AuthorityConfig::new(issuer, "PID Test Office", types);
        config.doctypes = vec![pid::DOCTYPE.to_owned(), "org.iso.18013.5.1.mDL".to_owned()];
        config.batch_size = 3;
        let signer = Signer::new(key, ca.chain_of(&leaf)).expect("the leaf fits");
        let document_signer = Signer::new(document_key, iaca.chain_of(&document)).expect("the leaf fits");
        let state = Box::new(MemoryState::new());
        let authority = Authority::open(config, signer, Rulebook::bundled(), state, &mut random);
        Self {
            authority: authority
                .expect("the state answers")
                .with_document_signer(document_signer),
            root: ca.certificate().clone(),
            iaca: iaca.certificate().clone(),
            leaves: [leaf, document],
            random,
            now: now(),
        }
    }

    /// The card of [`CARD`].
    #[must_use]
    pub fn card() -> EidRecord {
        let file = RecordFile::parse(CARD).expect("a record");
        file.into_record().expect("read once")
    }

    /// What is issued for the card in these formats.
    #[must_use]
    pub fn record(&self, formats: &[Format]) -> Record {
        let mut request = PidRequest::default();
        request.formats = formats.to_vec();
        let approval = Approval::new("desk-1", "test card");
        Self::card()
            .to_record(self.authority.rulebook(), &request, approval, self.now)
            .expect("a whole PID")
    }

    /// Offers a record with a code of six digits.
    pub fn offer(&mut self, record: Record) -> OfferCreated {
        let code = TransactionCode::Numeric(6);
        self.authority
            .create_offer(record, code, OfferForm::ByValue, self.now, &mut self.random)
            .expect("the state answers")
    }

    /// Answers a request.
    pub fn handle(&mut self, request: &HttpRequest) -> HttpResponse {
        self.authority.handle(request, self.now, &mut self.random)
    }

    /// A trust store that knows both roots.
    #[must_use]
    pub fn trust(&self) -> TrustStore {
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, self.root.clone());
        trust.add_anchor(Role::Issuers, self.iaca.clone());
        trust
    }
}

impl Default for Office {
    fn default() -> Self {
        Self::new()
    }
}
