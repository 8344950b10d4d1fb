//! Credentials and their values in the words of the reader: labels of the rulebook in German or English.

use wallet_core::codec::{Json, Object};
use wallet_core::credential::{ClaimPath, Format, PathElement};
use wallet_core::rulebook::{LabelledValue, Language, Rulebook};

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

/// What to call a type.
pub(crate) fn type_label(rulebook: &Rulebook, type_name: &str) -> String {
    let label = rulebook.type_label(type_name, language());
    label.map_or_else(|| safe(type_name), str::to_owned)
}

/// What to call a place in a credential of this type.
pub(crate) fn place(rulebook: &Rulebook, type_name: &str, path: &ClaimPath) -> String {
    let label = rulebook.place_label(type_name, path, language());
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

/// Lines of label and value, the labels in one column, with a note where there is one; what is about the credential
/// itself comes last, in one line.
pub(crate) fn lines(
    rulebook: &Rulebook,
    format: Format,
    type_name: &str,
    claims: &Object,
    note: impl Fn(&ClaimPath) -> Option<String>,
) -> Vec<String> {
    let values = rulebook.label_values(format, type_name, claims, language());
    let (technical, people): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.technical);
    let label = |value: &LabelledValue<'_>| match (value.label, value.path.elements()) {
        (Some(label), _) => label.to_owned(),
        // The namespace says nothing to a reader.
        (None, [_, PathElement::Key(element)]) if format == Format::MsoMdoc => safe(element),
        (None, _) => safe(&value.path.to_string()),
    };
    let width = people
        .iter()
        .map(|value| label(value).chars().count())
        .max()
        .unwrap_or(0);
    let mut lines: Vec<String> = people
        .iter()
        .map(|value| {
            let label = label(value);
            let space = " ".repeat(width - label.chars().count());
            let note = note(&value.path).map_or_else(String::new, |note| format!("  {note}"));
            format!("{label}{space}  {}{note}", text(value.value))
        })
        .collect();
    let technical: Vec<String> = technical
        .iter()
        .map(|value| format!("{}={}", safe(&value.path.to_string()), text(value.value)))
        .collect();
    if !technical.is_empty() {
        lines.push(format!("(of the credential itself: {})", technical.join(", ")));
    }
    lines
}
