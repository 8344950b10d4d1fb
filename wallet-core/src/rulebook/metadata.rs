//! SD-JWT VC Type Metadata, written from a type's description.

use super::Language;
use super::credential_type::{CredentialType, Sd};
use crate::codec::{Json, Object};

const LANGUAGES: [Language; 2] = [Language::German, Language::English];

impl CredentialType {
    /// The type metadata document: names, labels, `mandatory` and `sd` of every claim, and what it extends.
    ///
    /// Inherited claims are repeated, so the document also serves a reader that cannot fetch the parent; merging
    /// them again changes nothing.
    pub fn type_metadata(&self) -> Json {
        let display = LANGUAGES.map(|language| {
            Object::new()
                .with("locale", Json::from(language.tag()))
                .with("name", Json::from(self.name(language)))
                .with("description", Json::from(self.description(language)))
                .into()
        });
        let claims = self.claims().iter().map(|claim| {
            let display = LANGUAGES.map(|language| {
                Object::new()
                    .with("locale", Json::from(language.tag()))
                    .with("label", Json::from(claim.label(language)))
                    .into()
            });
            let sd = match claim.sd() {
                Sd::Allowed => "allowed",
                Sd::Always => "always",
                Sd::Never => "never",
            };
            Object::new()
                .with("path", claim.path().to_json())
                .with("display", Json::Array(display.into()))
                .with("mandatory", claim.is_mandatory().then(|| Json::from(true)))
                .with("sd", Json::from(sd))
                .into()
        });
        Object::new()
            .with("vct", Json::from(self.vct()))
            .with("name", Json::from(self.name(Language::English)))
            .with("description", Json::from(self.description(Language::English)))
            .with(
                "extends",
                self.extends().first().map(|parent| Json::from(parent.as_str())),
            )
            .with("display", Json::Array(display.into()))
            .with("claims", Json::Array(claims.collect()))
            .into()
    }
}
