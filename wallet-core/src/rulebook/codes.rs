//! Code lists of German school data, resolved to German and English labels.
//!
//! The lists stand in `data/xschule-codes.tsv`. A code in a claim is the last part of its URI
//! (`erhoehtes_anforderungsniveau`); the URI is kept whole only when its list is not known here.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Language;

/// One published code list.
#[derive(Debug)]
pub struct CodeList {
    name: &'static str,
    uri: &'static str,
    prefix: &'static str,
    closed: bool,
    entries: Vec<Entry>,
    by_code: HashMap<&'static str, usize>,
}

/// One code of a [`CodeList`].
#[derive(Debug)]
pub struct Entry {
    code: &'static str,
    de: &'static str,
    en: &'static str,
    key: Option<&'static str>,
    listed: bool,
}

static LISTS: LazyLock<Vec<CodeList>> = LazyLock::new(|| read(include_str!("data/xschule-codes.tsv")));

impl CodeList {
    /// All lists.
    pub fn all() -> &'static [Self] {
        &LISTS
    }

    /// The list with this short name, such as `zeugnisart`; of several versions, the first.
    pub fn named(name: &str) -> Option<&'static Self> {
        LISTS.iter().find(|list| list.name == name)
    }

    /// The list a full code URI belongs to.
    pub fn of_uri(code: &str) -> Option<&'static Self> {
        let prefix = &code[..=code.rfind('/')?];
        LISTS.iter().find(|list| list.prefix == prefix)
    }

    /// The list for a bare code, whose list the document or the schema names by `uri`.
    pub(super) fn with_uri(uri: &str) -> Option<&'static Self> {
        LISTS.iter().find(|list| list.uri == uri)
    }

    pub(super) fn with_prefix(prefix: &str) -> Option<&'static Self> {
        LISTS.iter().find(|list| list.prefix == prefix)
    }

    /// The short name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The URI that names the list.
    pub fn uri(&self) -> &'static str {
        self.uri
    }

    /// Whether the schema admits only the codes of the list.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The codes.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a code, given without its URI prefix.
    pub fn entry(&self, code: &str) -> Option<&Entry> {
        self.by_code.get(code).map(|&index| &self.entries[index])
    }
}

impl Entry {
    /// The code without its URI prefix.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The label for people.
    pub fn label(&self, language: Language) -> &'static str {
        match language {
            Language::German => self.de,
            Language::English => self.en,
        }
    }

    /// A second, shorter name: the subject key (`mathematics`), the state (`DE-NW`), the language (`de`).
    pub fn key(&self) -> Option<&'static str> {
        self.key
    }

    /// Whether the published list holds the code; `false` for codes only seen in published samples.
    pub fn is_listed(&self) -> bool {
        self.listed
    }
}

/// A code as it stands in a document, with its list where that is known.
#[derive(Clone, Debug)]
pub struct Code {
    text: String,
    list: Option<&'static CodeList>,
    name: Option<String>,
}

impl Code {
    /// Makes a code from its full text.
    pub fn from_uri(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            list: CodeList::of_uri(text),
            name: None,
        }
    }

    pub(super) fn in_list(text: &str, list: Option<&'static CodeList>, name: Option<String>) -> Self {
        Self {
            text: text.to_owned(),
            list,
            name,
        }
    }

    /// The code as written, usually a URI.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The list, if it is known here.
    pub fn list(&self) -> Option<&'static CodeList> {
        self.list
    }

    /// The code as claims carry it: the last part of the URI, or the whole text for an unknown list.
    pub fn short(&self) -> &str {
        match self.list {
            Some(list) => self.text.strip_prefix(list.prefix).unwrap_or(&self.text),
            None => &self.text,
        }
    }

    /// The entry in the list.
    pub fn entry(&self) -> Option<&'static Entry> {
        self.list?.entry(self.short())
    }

    /// The label for people: from the list, else the name that the document gives, else `None`.
    pub fn label(&self, language: Language) -> Option<&str> {
        match self.entry() {
            Some(entry) => Some(entry.label(language)),
            None => self.name.as_deref(),
        }
    }

    /// The label, or the last part of the code where there is none.
    pub fn display(&self, language: Language) -> &str {
        self.label(language)
            .unwrap_or_else(|| self.text.rsplit('/').next().unwrap_or(&self.text))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.list.map(CodeList::uri) == other.list.map(CodeList::uri)
    }
}

impl Eq for Code {}

/// The key of the subject with this German name, in whichever list.
pub(super) fn subject_key(name: &str) -> Option<&'static str> {
    let mut subjects = subjects();
    subjects.find(|entry| entry.de == name)?.key
}

/// The label of a subject key (`mathematics`), whichever list the subject came from.
pub fn subject_label(key: &str, language: Language) -> Option<&'static str> {
    let mut subjects = subjects();
    subjects
        .find(|entry| entry.key == Some(key))
        .map(|entry| entry.label(language))
}

fn subjects() -> impl Iterator<Item = &'static Entry> {
    let lists = LISTS
        .iter()
        .filter(|list| matches!(list.name, "abiturfach" | "abiturfachdigital" | "kdsfach"));
    lists.flat_map(CodeList::entries)
}

fn read(text: &'static str) -> Vec<CodeList> {
    let mut lists: Vec<CodeList> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap_or_default();
        if let Some(name) = line.strip_prefix("@ ") {
            column();
            lists.push(CodeList {
                name: name.split('\t').next().unwrap_or_default(),
                uri: column(),
                prefix: column(),
                closed: column() == "closed",
                entries: Vec::new(),
                by_code: HashMap::new(),
            });
        } else if let Some(list) = lists.last_mut() {
            let code = column();
            let (de, en) = (column(), column());
            let entry = Entry {
                code: code.strip_prefix('+').unwrap_or(code),
                de,
                en,
                key: columns.next(),
                listed: !code.starts_with('+'),
            };
            list.by_code.insert(entry.code, list.entries.len());
            list.entries.push(entry);
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_both_labels_and_stands_once() {
        assert!(CodeList::all().len() > 30);
        for list in CodeList::all() {
            assert_eq!(list.by_code.len(), list.entries.len(), "{}", list.name);
            for entry in list.entries() {
                assert!(
                    !entry.code.is_empty() && !entry.de.is_empty() && !entry.en.is_empty(),
                    "{}",
                    list.name
                );
            }
        }
    }

    #[test]
    fn one_subject_has_one_key_in_all_lists() {
        let key = |uri: &str| Code::from_uri(uri).entry().and_then(Entry::key);
        for uri in [
            "http://xschule.digital/def/kmk/2025-02-25/code/abiturfach/740",
            "http://xschule.digital/def/xschule/2026/code/abiturfachdigital/740",
            "http://xschule.digital/def/kmk/2025-02-25/code/kdsfach/450",
        ] {
            assert_eq!(key(uri), Some("mathematics"), "{uri}");
        }
        assert_eq!(subject_label("mathematics", Language::German), Some("Mathematik"));
    }

    #[test]
    fn a_code_of_an_unknown_list_keeps_its_uri() {
        let code = Code::from_uri("http://example.org/niveau/kernfach");
        assert_eq!(
            (code.short(), code.label(Language::German)),
            ("http://example.org/niveau/kernfach", None)
        );
        assert_eq!(code.display(Language::English), "kernfach");
    }
}
