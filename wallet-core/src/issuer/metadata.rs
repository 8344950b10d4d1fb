//! What the authority says about itself.

use super::Authority;
use super::authority::cacheable;
use super::endpoint::Failure;
use super::issue::Signer;
use super::proof::algorithms;
use crate::codec::{Json, Object};
use crate::credential::ClaimPath;
use crate::crypto::{Curve, SignatureAlgorithm};
use crate::envelope::cose::Algorithm;
use crate::envelope::jws::UnsignedJws;
use crate::http::{HttpRequest, HttpResponse, percent_decode};
use crate::keys::PublicKey;
use crate::protocol::oauth::{self, AuthorizationServerMetadata};
use crate::protocol::openid4vci::{
    self, ClaimDescription, CredentialConfiguration, CredentialMetadata, Display, IssuerMetadata, SIGNED_METADATA_TYPE,
};
use crate::rulebook::{CredentialType, Language};
use crate::time::Timestamp;
use crate::trust::Certificate;

/// The number in IANA "COSE Algorithms" that an mdoc names for a signature.
fn cose_number(algorithm: SignatureAlgorithm) -> i64 {
    let algorithm = match algorithm.curve() {
        Curve::Ed25519 => Algorithm::EdDsa,
        Curve::P384 | Curve::BrainpoolP384r1 => Algorithm::Es384,
        Curve::P521 => Algorithm::Es512,
        _ => Algorithm::Es256,
    };
    algorithm.label()
}

/// How long metadata may be kept, in seconds.
const KEEP: u64 = 300;

impl Authority {
    pub(super) fn well_known(
        &self,
        name: &str,
        request: &HttpRequest,
        now: Timestamp,
    ) -> Result<HttpResponse, Failure> {
        match name {
            openid4vci::WELL_KNOWN => {
                let accept = request.headers().get("Accept").unwrap_or_default();
                // OpenID4VCI 1.0 §12.2.2: JSON unless only the signed form is asked for.
                if accept.contains("application/jwt") && !accept.contains("application/json") {
                    let signed = HttpResponse::of_type(200, "application/jwt", self.signed_metadata(now));
                    return Ok(signed.with_header("Cache-Control", format!("public, max-age={KEEP}")));
                }
                Ok(cacheable(self.metadata().encode(), KEEP))
            }
            oauth::WELL_KNOWN => Ok(cacheable(self.server_metadata().encode(), KEEP)),
            "jwt-vc-issuer" => {
                let key = PublicKey::from(self.signer.key());
                let jwk = key.to_jwk().with("kid", Json::from(key.thumbprint()));
                let keys = Object::new().with("keys", Json::Array(vec![Json::Object(jwk)]));
                let body = Object::new()
                    .with("issuer", Json::from(self.config.issuer.as_str()))
                    .with("jwks", Json::Object(keys));
                Ok(cacheable(body.to_string(), KEEP))
            }
            _ => Err(Failure::NotFound),
        }
    }

    /// The issuer's metadata.
    pub fn metadata(&self) -> IssuerMetadata {
        let mut metadata = IssuerMetadata::new(self.config.issuer.clone(), self.endpoint("credential"));
        metadata.nonce_endpoint = Some(self.endpoint("nonce"));
        metadata.notification_endpoint = Some(self.endpoint("notification"));
        metadata.batch_size = Some(self.config.batch_size).filter(|size| *size >= 2);
        metadata.display = vec![Display::new(self.config.name.as_str(), None)];
        for vct in &self.config.types {
            if let Some(known) = self.rulebook.lookup(vct) {
                metadata.configurations.insert(vct.clone(), self.configuration(known));
            }
        }
        if let Some(signer) = &self.document_signer {
            for doctype in &self.config.doctypes {
                let configuration = self.mdoc_configuration(doctype, signer);
                metadata.configurations.insert(doctype.clone(), configuration);
            }
        }
        metadata
    }

    fn configuration(&self, known: &CredentialType) -> CredentialConfiguration {
        let languages = [Language::German, Language::English];
        let mut configuration = CredentialConfiguration::sd_jwt_vc(known.vct(), known.vct(), &algorithms());
        configuration.signing_algorithms = vec![Json::from(self.signer.key().algorithm().name())];
        let names = languages
            .iter()
            .map(|language| Display::new(known.name(*language), Some(language.tag())));
        let claims = known.claims().iter().map(|claim| {
            let labels = languages.iter();
            let labels = labels.map(|language| Display::new(claim.label(*language), Some(language.tag())));
            let mut description = ClaimDescription::new(claim.path().clone(), labels.collect());
            description.mandatory = claim.is_mandatory();
            description
        });
        configuration.metadata = Some(CredentialMetadata::new(names.collect(), claims.collect()));
        configuration
    }

    /// A document type as OpenID4VCI 1.0 §A.2.2 describes it.
    fn mdoc_configuration(&self, doctype: &str, signer: &Signer) -> CredentialConfiguration {
        let languages = [Language::German, Language::English];
        let mut configuration = CredentialConfiguration::mso_mdoc(doctype, doctype, &algorithms());
        configuration.signing_algorithms = vec![Json::from(cose_number(signer.key().algorithm()))];
        // The type itself, and national ones that share the document type, if they are issued here.
        let issued = |known: &&CredentialType| self.config.types.iter().any(|vct| vct == known.vct());
        let base = self.rulebook.lookup_doctype(doctype);
        let national = self.rulebook.types().filter(issued);
        let national = national.filter(|known| known.mdoc().is_some_and(|ids| ids.doctype == doctype));
        let mut claims: Vec<ClaimDescription> = Vec::new();
        for info in base.into_iter().chain(national).flat_map(CredentialType::claims) {
            let Some(element) = info.element() else { continue };
            // §A.2.2: name space and element identifier.
            let path = ClaimPath::of_keys(&element.namespace, &[&element.identifier]);
            if claims.iter().any(|known| known.path == path) {
                continue;
            }
            let labels = languages.iter();
            let labels = labels.map(|language| Display::new(info.label(*language), Some(language.tag())));
            let mut description = ClaimDescription::new(path, labels.collect());
            description.mandatory = info.is_mandatory();
            claims.push(description);
        }
        let names = languages.iter().filter_map(|language| {
            let name = base?.name(*language);
            Some(Display::new(name, Some(language.tag())))
        });
        configuration.metadata = Some(CredentialMetadata::new(names.collect(), claims));
        configuration
    }

    fn signed_metadata(&self, now: Timestamp) -> String {
        let header = Object::new()
            .with("typ", Json::from(SIGNED_METADATA_TYPE))
            .with("x5c", Certificate::to_x5c(self.signer.chain()));
        let mut payload = self.metadata().to_json();
        payload.insert("sub", Json::from(self.config.issuer.as_str()));
        payload.insert("iat", Json::from(now.unix()));
        payload.insert("exp", Json::from(now.plus(86_400).unix()));
        UnsignedJws::new(self.signer.key().algorithm(), header, payload.to_string()).sign(self.signer.key())
    }

    fn server_metadata(&self) -> AuthorizationServerMetadata {
        let mut metadata = AuthorizationServerMetadata::new(self.config.issuer.clone(), self.endpoint("token"));
        metadata.dpop_algorithms = Some(algorithms().map(str::to_owned).to_vec());
        metadata.status_list_aggregation_endpoint = Some(self.endpoint("status"));
        metadata
    }

    /// The type metadata of a type that is issued here (SD-JWT VC §6).
    pub(super) fn type_metadata(&self, vct: &str) -> Result<HttpResponse, Failure> {
        let vct = percent_decode(vct).map_err(|_| Failure::NotFound)?;
        let known = self.rulebook.lookup(&vct).ok_or(Failure::NotFound)?;
        Ok(cacheable(known.type_metadata().to_string(), KEEP))
    }
}
