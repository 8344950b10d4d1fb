//! Looking without believing.

use crate::codec::{Budget, Cbor, Json, Object, base64url};

use super::{DeviceAuth, Mdoc, Unverified};

/// What an mdoc says, UNVERIFIED: for people who debug, never for decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The document type.
    pub doctype: String,
    /// The elements with their digest ids, by namespace.
    pub namespaces: Object,
    /// The mobile security object as signed; byte strings are base64url.
    pub mobile_security_object: Json,
    /// The certificates that came with the signature, leaf first: standard base64 of DER.
    pub x5chain: Vec<String>,
    /// What the device signed itself, and how; absent where no device did.
    pub device_signed: Option<Json>,
}

impl Unverified<Mdoc> {
    /// Shows what is inside, UNVERIFIED.
    pub fn inspect(&self) -> Inspection {
        let inner = self.inner();
        let namespaces = inner.namespaces.iter().map(|namespace| {
            let items = namespace.items.iter().map(|item| {
                let item = Object::new()
                    .with("digestID", Json::from(item.digest_id))
                    .with("elementIdentifier", Json::from(inner.identifier(item)))
                    .with("elementValue", inner.value(item).into_json());
                Json::from(item)
            });
            let items: Vec<Json> = items.collect();
            (namespace.name.text(&inner.received), Json::from(items))
        });
        let chain = inner.document_signer_chain();
        Inspection {
            doctype: inner.doctype().to_owned(),
            namespaces: super::collect_unique(namespaces),
            mobile_security_object: inner.signed_object(),
            x5chain: chain.iter().map(base64url::encode_standard).collect(),
            device_signed: inner.device.as_ref().map(|device| {
                let form = match device.auth {
                    DeviceAuth::Mac(_) => "deviceMac",
                    DeviceAuth::Signature(_) => "deviceSignature",
                };
                let elements = Json::from(inner.device_claims().clone());
                Json::from(
                    Object::new()
                        .with("nameSpaces", elements)
                        .with("deviceAuth", Json::from(form)),
                )
            }),
        }
    }
}

impl Inspection {
    /// The whole as JSON, with a member that says it is unverified.
    pub fn to_json(&self) -> Json {
        let chain: Vec<Json> = self.x5chain.iter().map(|der| Json::from(der.as_str())).collect();
        Json::from(
            Object::new()
                .with("UNVERIFIED", Json::Bool(true))
                .with("docType", Json::from(self.doctype.as_str()))
                .with("nameSpaces", Json::from(self.namespaces.clone()))
                .with("mobileSecurityObject", self.mobile_security_object.clone())
                .with("x5chain", Json::from(chain))
                .with("deviceSigned", self.device_signed.clone()),
        )
    }
}

impl Mdoc {
    /// The mobile security object as JSON; it was parsed once already.
    fn signed_object(&self) -> Json {
        let mut budget = Budget::new(usize::MAX, self.depth, usize::MAX);
        let payload = self.issuer_auth.inspect().unwrap_or_default();
        let Ok(outer) = Cbor::parse(payload, &mut budget) else {
            return Json::Null;
        };
        let object = Cbor::parse(outer.embedded().unwrap_or_default(), &mut budget);
        object.map_or(Json::Null, |object| object.to_json())
    }
}
