//! Credentials and their values in the words of the reader: labels of the rulebook in German or English.

use wallet_core::codec::{Json, Object};
use wallet_core::credential::{ClaimPath, Format, PathElement};
use wallet_core::rulebook::{CredentialType, Language, Rulebook};

use crate::report::safe;

/// The language of the reader, by the environment: German where it says so, else English.
pub(crate) fn language() -> Language {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(said);
    match locale.is_some_and(|locale| locale.starts_with("de")) {
        true => Language::German,
        false => Language::English,
    }
}

fn known<'a>(rulebook: &'a Rulebook, type_name: &str) -> Option<&'a CredentialType> {
    rulebook
        .lookup(type_name)
        .or_else(|| rulebook.lookup_doctype(type_name))
}

/// What to call a type.
pub(crate) fn type_label(rulebook: &Rulebook, type_name: &str) -> String {
    match known(rulebook, type_name) {
        Some(known) => known.name(language()).to_owned(),
        None => safe(type_name),
    }
}

/// What to call a place in a credential of this type.
pub(crate) fn place(rulebook: &Rulebook, type_name: &str, path: &ClaimPath) -> String {
    let label = match path.elements() {
        [PathElement::Key(namespace), PathElement::Key(element)] => {
            rulebook.element_label(type_name, namespace, element, language())
        }
        _ => None,
    };
    let label = label.or_else(|| known(rulebook, type_name)?.label(path, language()));
    label.map_or_else(|| safe(&path.to_string()), str::to_owned)
}

/// What to call a format.
pub(crate) fn format_label(format: &str) -> String {
    match Format::from_name(format) {
        Some(Format::DcSdJwt) => "SD-JWT VC".to_owned(),
        Some(Format::MsoMdoc) => "mdoc".to_owned(),
        _ => safe(format),
    }
}

/// One value with its place.
pub(crate) struct Value {
    pub(crate) path: ClaimPath,
    pub(crate) label: String,
    pub(crate) text: String,
    /// Part of the credential itself, not of what it says about somebody.
    pub(crate) technical: bool,
}

/// What an SD-JWT VC says about itself (SD-JWT VC §3.2.2.2, RFC 7519 §4.1).
const TECHNICAL: [&str; 12] = [
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
];

/// All values of a credential, one by one.
pub(crate) fn values(rulebook: &Rulebook, format: Format, type_name: &str, claims: &Object) -> Vec<Value> {
    let mut values = Vec::new();
    for (name, value) in claims.iter() {
        let path = ClaimPath::of_keys(name, &[]);
        match (format, value) {
            // A namespace: what is inside an element cannot be shown alone.
            (Format::MsoMdoc, Json::Object(elements)) => {
                for (element, value) in elements.iter() {
                    let label = rulebook.element_label(type_name, name, element, language());
                    values.push(Value {
                        path: path.then(PathElement::Key(element.to_owned())),
                        label: label.map_or_else(|| safe(element), str::to_owned),
                        text: text(value),
                        technical: false,
                    });
                }
            }
            _ => {
                let technical = TECHNICAL.contains(&name);
                let before = values.len();
                walk(known(rulebook, type_name), path, value, &mut values);
                values[before..]
                    .iter_mut()
                    .for_each(|value| value.technical = technical);
            }
        }
    }
    values
}

fn walk(known: Option<&CredentialType>, path: ClaimPath, value: &Json, values: &mut Vec<Value>) {
    let composed = |item: &Json| matches!(item, Json::Object(_) | Json::Array(_));
    match value {
        Json::Object(members) if !members.is_empty() => {
            for (name, member) in members.iter() {
                walk(known, path.then(PathElement::Key(name.to_owned())), member, values);
            }
        }
        Json::Array(items) if items.iter().any(composed) => {
            for (index, item) in items.iter().enumerate() {
                walk(known, path.then(PathElement::Index(index)), item, values);
            }
        }
        value => {
            let label = known.and_then(|known| known.label(&path, language()));
            values.push(Value {
                label: label.map_or_else(|| safe(&path.to_string()), str::to_owned),
                text: text(value),
                path,
                technical: false,
            });
        }
    }
}

/// Longer texts are pictures and the like.
const LONGEST: usize = 200;

fn text(value: &Json) -> String {
    let text = match value {
        Json::String(text) => safe(text),
        Json::Array(items)
            if !items
                .iter()
                .any(|item| matches!(item, Json::Object(_) | Json::Array(_))) =>
        {
            items.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        other => safe(&other.to_string()),
    };
    match text.chars().count() {
        length if length > LONGEST => {
            let head: String = text.chars().take(40).collect();
            format!("{head}… ({length} characters)")
        }
        _ => text,
    }
}

/// Lines of label and value, the labels in one column; what is about the credential itself comes last, in one line.
pub(crate) fn lines(values: &[Value], note: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    let people = || values.iter().filter(|value| !value.technical);
    let width = people().map(|value| value.label.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = people()
        .map(|value| {
            let space = " ".repeat(width - value.label.chars().count());
            let note = note(value).map_or_else(String::new, |note| format!("  {note}"));
            format!("{}{space}  {}{note}", value.label, value.text)
        })
        .collect();
    let technical = values.iter().filter(|value| value.technical);
    let technical: Vec<String> = technical
        .map(|value| format!("{}={}", safe(&value.path.to_string()), value.text))
        .collect();
    if !technical.is_empty() {
        lines.push(format!("(of the credential itself: {})", technical.join(", ")));
    }
    lines
}
