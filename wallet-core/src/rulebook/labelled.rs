//! The values of a credential one by one, each with its place and its label: for every screen that shows one.

use super::{CredentialType, Language, Rulebook};
use crate::codec::{Json, Object};
use crate::credential::{ClaimPath, Format, PathElement};

/// One value of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelledValue<'a> {
    /// Its place.
    pub path: ClaimPath,
    /// What to call it, if the type is known.
    pub label: Option<&'a str>,
    /// The value: no object, unless it is an element of an mdoc, and no array of such.
    pub value: &'a Json,
    /// Whether it is about the credential itself (times, issuer, key), not about a person.
    pub technical: bool,
}

/// What an SD-JWT VC says about itself (SD-JWT VC §3.2.2.2, RFC 7519 §4.1).
const TECHNICAL: [&str; 13] = [
    "aka_vcts",
    "aud",
    "cnf",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "status",
    "sub",
    "vct",
    "vct#integrity",
    "_sd_alg",
];

impl Rulebook {
    /// What a type is called, by `vct` or document type.
    pub fn type_label(&self, type_name: &str, language: Language) -> Option<&str> {
        self.any(type_name).map(|known| known.name(language))
    }

    /// What a place in a credential of this type is called: a claim, or namespace and element.
    pub fn place_label(&self, type_name: &str, path: &ClaimPath, language: Language) -> Option<&str> {
        let element = match path.elements() {
            [PathElement::Key(namespace), PathElement::Key(element)] => {
                self.element_label(type_name, namespace, element, language)
            }
            _ => None,
        };
        element.or_else(|| self.any(type_name)?.label(path, language))
    }

    /// All values of a credential, in its order. What nobody knows a label for is there all the same: nothing is left
    /// out.
    pub fn label_values<'a>(
        &'a self,
        format: Format,
        type_name: &str,
        claims: &'a Object,
        language: Language,
    ) -> Vec<LabelledValue<'a>> {
        let mut values = Vec::new();
        for (name, value) in claims.iter() {
            let path = ClaimPath::of_keys(name, &[]);
            match (format, value) {
                // A namespace; what is inside an element cannot be shown alone.
                (Format::MsoMdoc, Json::Object(elements)) => {
                    values.extend(elements.iter().map(|(element, value)| LabelledValue {
                        path: path.then(PathElement::Key(element.to_owned())),
                        label: self.element_label(type_name, name, element, language),
                        value,
                        technical: false,
                    }));
                }
                _ => {
                    let before = values.len();
                    walk(self.any(type_name), path, value, language, &mut values);
                    let technical = TECHNICAL.contains(&name);
                    values[before..]
                        .iter_mut()
                        .for_each(|value| value.technical = technical);
                }
            }
        }
        values
    }

    fn any(&self, type_name: &str) -> Option<&CredentialType> {
        self.lookup(type_name).or_else(|| self.lookup_doctype(type_name))
    }
}

fn walk<'a>(
    known: Option<&'a CredentialType>,
    path: ClaimPath,
    value: &'a Json,
    language: Language,
    values: &mut Vec<LabelledValue<'a>>,
) {
    let composed = |item: &Json| matches!(item, Json::Object(_) | Json::Array(_));
    match value {
        Json::Object(members) if !members.is_empty() => {
            for (name, member) in members.iter() {
                let path = path.then(PathElement::Key(name.to_owned()));
                walk(known, path, member, language, values);
            }
        }
        Json::Array(items) if items.iter().any(composed) => {
            for (index, item) in items.iter().enumerate() {
                walk(known, path.then(PathElement::Index(index)), item, language, values);
            }
        }
        value => values.push(LabelledValue {
            label: known.and_then(|known| known.label(&path, language)),
            path,
            value,
            technical: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Budget;

    #[test]
    fn every_value_is_there_once_with_its_label() {
        let rulebook = Rulebook::bundled();
        let json = |text: &str| Json::parse(text, &mut Budget::default()).unwrap();
        let shown = |format, type_name: &str, claims: &str| {
            let claims = json(claims);
            let values = rulebook.label_values(format, type_name, claims.as_object().unwrap(), Language::German);
            let line = |value: &LabelledValue<'_>| {
                let label = value.label.unwrap_or("-");
                format!("{} {label} {} {}", value.path, value.value, value.technical)
            };
            values.iter().map(line).collect::<Vec<_>>()
        };
        let claims = r#"{"vct":"urn:eudi:pid:1","cnf":{"jwk":{"x":"a"}},"family_name":"M","nationalities":["DE"],"list":[{"a":1}],"empty":{}}"#;
        assert_eq!(
            shown(Format::DcSdJwt, "urn:eudi:pid:1", claims),
            [
                "vct - \"urn:eudi:pid:1\" true",
                "cnf.jwk.x - \"a\" true",
                "family_name Familienname \"M\" false",
                "nationalities Staatsangehörigkeiten [\"DE\"] false",
                "list[0].a - 1 false",
                "empty - {} false",
            ]
        );
        let pid = "eu.europa.ec.eudi.pid.1";
        let claims = r#"{"eu.europa.ec.eudi.pid.1":{"family_name":"M","cnf":{"a":1}}}"#;
        assert_eq!(
            shown(Format::MsoMdoc, pid, claims),
            [
                "eu.europa.ec.eudi.pid.1.family_name Familienname \"M\" false",
                "eu.europa.ec.eudi.pid.1.cnf - {\"a\":1} false",
            ]
        );
        assert!(rulebook.type_label(pid, Language::German).is_some());
        let place = ClaimPath::of_keys(pid, &["birth_date"]);
        assert!(rulebook.place_label(pid, &place, Language::German).is_some());
        assert_eq!(rulebook.place_label("urn:x", &place, Language::German), None);
    }
}
