//! The element structure of XSchule 1.2 as data: which elements stand where, in which order, how often.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::codes::CodeList;

pub(super) const XSCHULE: &str = "http://xschule.digital/def/xschule/1.2/xsd";
pub(super) const XBILDUNG: &str = "http://xbildung.de/def/xbildung/1.2/xsd";
pub(super) const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// All types by name.
pub(super) struct Grammar {
    pub(super) types: HashMap<&'static str, Type>,
}

/// What may stand in an element.
pub(super) enum Type {
    /// These elements, in this order.
    Sequence(Vec<Particle>),
    /// Exactly one of these elements.
    Choice(Vec<Particle>),
    /// A code with its list.
    Code(CodeType),
}

/// One element of a sequence or choice.
pub(super) struct Particle {
    pub(super) name: &'static str,
    pub(super) namespace: &'static str,
    pub(super) content: &'static str,
    pub(super) least: u32,
    /// `None` means without bound.
    pub(super) most: Option<u32>,
    /// `befreit` is fixed to `true`.
    pub(super) fixed: Option<&'static str>,
}

/// A restriction of `xoev-code:Code`.
pub(super) struct CodeType {
    /// The fixed list; `None` means any list, which the document must then name.
    pub(super) uri: Option<&'static str>,
    /// The fixed version; `None` means any version, which the document must then name.
    pub(super) version: Option<&'static str>,
    /// The list that the schema enumerates; `None` for lists kept elsewhere.
    pub(super) closed: Option<&'static CodeList>,
    /// Whether a name stands beside the code.
    pub(super) named: bool,
}

pub(super) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| read(include_str!("../data/xschule-1.2.grammar")));

/// What the schema calls a name, if any type has an element of that name.
pub(super) fn known_name(name: &str) -> Option<&'static str> {
    GRAMMAR.types.values().find_map(|kind| match kind {
        Type::Sequence(particles) | Type::Choice(particles) => particles
            .iter()
            .map(|particle| particle.name)
            .find(|known| *known == name),
        Type::Code(_) => None,
    })
}

fn namespace_of(prefix: &str) -> &'static str {
    match prefix {
        "xsc" => XSCHULE,
        "xbd" => XBILDUNG,
        _ => XMLDSIG,
    }
}

fn read(text: &'static str) -> Grammar {
    let mut types: HashMap<&'static str, Type> = HashMap::new();
    let mut current: Option<&'static str> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let mut word = || words.next().unwrap_or_default();
        let first = word();
        match (first, line.starts_with(' ')) {
            ("code", false) => {
                let name = word();
                let fixed = |value: &'static str| (value != "*").then_some(value);
                let code = CodeType {
                    uri: fixed(word()),
                    version: fixed(word()),
                    closed: fixed(word()).and_then(CodeList::with_prefix),
                    named: word() == "name",
                };
                types.insert(name, Type::Code(code));
            }
            ("type" | "choice", false) => {
                let name = word();
                let kind = if first == "type" { Type::Sequence } else { Type::Choice };
                types.insert(name, kind(Vec::new()));
                current = Some(name);
            }
            ("+", true) => {
                let mut base = match types.get(word()) {
                    Some(Type::Sequence(base)) => base.iter().map(Particle::copy).collect(),
                    _ => Vec::new(),
                };
                if let Some(Type::Sequence(particles)) = current.and_then(|name| types.get_mut(name)) {
                    particles.append(&mut base);
                }
            }
            (name, _) => {
                let (prefix, name) = name.split_once(':').unwrap_or(("", name));
                let (content, least, most) = (word(), word(), word());
                let particle = Particle {
                    name,
                    namespace: namespace_of(prefix),
                    content,
                    least: least.parse().unwrap_or(0),
                    most: most.parse().ok(),
                    fixed: word().strip_prefix('='),
                };
                if let Some(Type::Sequence(particles) | Type::Choice(particles)) =
                    current.and_then(|name| types.get_mut(name))
                {
                    particles.push(particle);
                }
            }
        }
    }
    Grammar { types }
}

impl Particle {
    fn copy(&self) -> Self {
        Self { ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_grammar_is_defined() {
        let simple = [
            "text",
            "localized",
            "date",
            "year",
            "month",
            "boolean",
            "decimal",
            "integer",
            "base64",
            "din",
            "din-e",
            "signature",
        ];
        for (name, kind) in &GRAMMAR.types {
            let (Type::Sequence(particles) | Type::Choice(particles)) = kind else {
                continue;
            };
            assert!(!particles.is_empty(), "{name}");
            for particle in particles {
                assert!(
                    simple.contains(&particle.content) || GRAMMAR.types.contains_key(particle.content),
                    "{name}: {}",
                    particle.content
                );
            }
        }
        assert_eq!(
            GRAMMAR
                .types
                .keys()
                .filter(|name| name.starts_with("xsc:schueler."))
                .filter(|name| name.matches('.').count() == 2)
                .count(),
            5
        );
    }
}
