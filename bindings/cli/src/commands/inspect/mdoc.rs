//! `mappe inspect` for an mdoc, at rest or in a response.

use wallet_core::codec::{Budget, Cbor, Json, Object};
use wallet_core::credential::Unverified;
use wallet_core::credential::mdoc::{DeviceResponse, Inspection, Mdoc, MdocError, ReceivedResponse};
use wallet_core::trust::Certificate;

use super::{mark, section};

/// An `IssuerSigned`, or a `DeviceResponse` with its documents.
pub(super) enum Inspected {
    Document(Inspection),
    Response(ReceivedResponse),
}

impl Inspected {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, MdocError> {
        let budget = &mut Budget::default();
        if Cbor::parse(bytes, &mut Budget::default())?.get("issuerAuth").is_some() {
            let document = Unverified::<Mdoc>::parse(bytes, budget)?;
            return Ok(Self::Document(document.inspect()));
        }
        DeviceResponse::parse(bytes, budget).map(Self::Response)
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Document(document) => with_certificates(document),
            Self::Response(response) => {
                let documents = response.documents.iter();
                let documents = documents.map(|document| with_certificates(&document.inspect()));
                Json::Object(
                    Object::new()
                        .with("UNVERIFIED", Json::Bool(true))
                        .with("version", Json::from(response.version.as_str()))
                        .with("status", Json::from(response.status))
                        .with("documents", Json::Array(documents.collect()))
                        .with("documentErrors", errors(response)),
                )
            }
        }
    }

    pub(super) fn show(&self) {
        mark();
        match self {
            Self::Document(document) => show(document),
            Self::Response(response) => {
                let head = Object::new()
                    .with("version", Json::from(response.version.as_str()))
                    .with("status", Json::from(response.status))
                    .with("documentErrors", errors(response));
                section("device response", &Json::Object(head));
                for document in &response.documents {
                    show(&document.inspect());
                }
            }
        }
    }
}

/// Document type and elements of an `IssuerSigned`, UNVERIFIED, as a query sees them: `{namespace: {element: value}}`.
pub(crate) fn elements(bytes: &[u8]) -> Result<(String, Object), MdocError> {
    let inspection = Unverified::<Mdoc>::parse(bytes, &mut Budget::default())?.inspect();
    let named = |item: &Json| {
        let name = item.get("elementIdentifier")?.as_str()?.to_owned();
        Some((name, item.get("elementValue")?.clone()))
    };
    let namespaces = inspection.namespaces.iter().map(|(namespace, items)| {
        let items = items.as_array().unwrap_or_default().iter();
        (namespace.to_owned(), Json::Object(items.filter_map(named).collect()))
    });
    Ok((inspection.doctype, namespaces.collect()))
}

fn errors(response: &ReceivedResponse) -> Option<Json> {
    let errors = response.document_errors.iter();
    let errors: Object = errors
        .map(|error| (error.doctype.clone(), Json::from(error.code)))
        .collect();
    (!errors.is_empty()).then_some(Json::Object(errors))
}

fn with_certificates(document: &Inspection) -> Json {
    match document.to_json() {
        Json::Object(shown) => Json::Object(shown.with("certificates", certificates(document))),
        other => other,
    }
}

/// What the certificates say of themselves, leaf first.
fn certificates(document: &Inspection) -> Json {
    let read = |der: &String| {
        let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
        match Certificate::parse_pem(&pem) {
            Ok(certificate) => Object::new()
                .with("subject", Json::from(certificate.display_name()))
                .with("country", certificate.country().map(Json::from))
                .with("not_before", Json::from(certificate.not_before().to_string()))
                .with("not_after", Json::from(certificate.not_after().to_string())),
            Err(error) => Object::new().with("error", Json::from(error.code())),
        }
        .into()
    };
    Json::Array(document.x5chain.iter().map(read).collect())
}

fn show(document: &Inspection) {
    section("document", &Json::from(document.doctype.as_str()));
    section("namespaces", &Json::Object(document.namespaces.clone()));
    let signed = &document.mobile_security_object;
    for (title, member) in [
        ("validity", "validityInfo"),
        ("status", "status"),
        ("device key", "deviceKeyInfo"),
    ] {
        if let Some(value) = signed.get(member) {
            section(title, value);
        }
    }
    section("mobile security object", signed);
    section("certificates", &certificates(document));
    if let Some(device) = &document.device_signed {
        section("device", device);
    }
}
