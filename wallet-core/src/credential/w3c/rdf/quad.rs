//! Terms and quads in the one text form that is hashed (N-Quads 1.2 §4, RDFC-1.0 §A).

use std::fmt::Write as _;

use super::RdfError;

/// A term: a blank node of this data set, or the canonical text of an IRI or a literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Term {
    Blank(usize),
    Text(String),
}

/// A statement; the predicate is the text of an IRI.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Quad {
    pub(super) subject: Term,
    pub(super) predicate: String,
    pub(super) object: Term,
    pub(super) graph: Option<Term>,
}

impl Quad {
    /// The blank nodes with the positions that RDFC-1.0 §4.7 names.
    pub(super) fn blank_nodes(&self) -> impl Iterator<Item = (char, usize)> + '_ {
        let terms = [
            ('s', Some(&self.subject)),
            ('o', Some(&self.object)),
            ('g', self.graph.as_ref()),
        ];
        terms.into_iter().filter_map(|(position, term)| match term {
            Some(Term::Blank(node)) => Some((position, *node)),
            _ => None,
        })
    }

    /// Writes the line, with a line feed, naming blank nodes as `name` says.
    pub(super) fn write(&self, out: &mut String, mut name: impl FnMut(usize, &mut String)) {
        let mut term = |term: &Term, out: &mut String| match term {
            Term::Blank(node) => {
                out.push_str("_:");
                name(*node, out);
            }
            Term::Text(text) => out.push_str(text),
        };
        term(&self.subject, out);
        out.push(' ');
        out.push_str(&self.predicate);
        out.push(' ');
        term(&self.object, out);
        if let Some(graph) = &self.graph {
            out.push(' ');
            term(graph, out);
        }
        out.push_str(" .\n");
    }
}

/// The text of an IRI.
pub(super) fn iri(iri: &str) -> String {
    format!("<{iri}>")
}

/// The canonical text of a literal: `xsd:string` is left out, a language is a tag.
pub(super) fn literal(value: &str, datatype: Option<&str>, language: Option<&str>) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    match (language, datatype) {
        (Some(language), _) => {
            out.push('@');
            out.push_str(language);
        }
        (None, Some(datatype)) if datatype != super::XSD_STRING => {
            out.push_str("^^<");
            out.push_str(datatype);
            out.push('>');
        }
        _ => {}
    }
    out
}

/// Reads N-Quads; blank nodes are numbered in the order of their first use, and their labels returned.
pub(super) fn parse(text: &str) -> Result<(Vec<Quad>, Vec<String>), RdfError> {
    let mut labels: Vec<String> = Vec::new();
    let mut known = std::collections::HashMap::new();
    let mut quads = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let mut reader = Reader {
            text,
            labels: &mut labels,
            known: &mut known,
        };
        if let Some(quad) = reader.line().ok_or(RdfError::Syntax { line: line + 1 })? {
            quads.push(quad);
        }
    }
    Ok((quads, labels))
}

struct Reader<'a> {
    text: &'a str,
    labels: &'a mut Vec<String>,
    known: &'a mut std::collections::HashMap<String, usize>,
}

impl Reader<'_> {
    /// `None` for what is no statement, `Some(None)` for an empty line or a comment.
    fn line(&mut self) -> Option<Option<Quad>> {
        self.skip();
        if self.text.is_empty() || self.text.starts_with('#') {
            return Some(None);
        }
        let subject = self.term(false)?;
        let Term::Text(predicate) = self.term(false)? else {
            return None;
        };
        let object = self.term(true)?;
        let graph = if self.text.starts_with('.') {
            None
        } else {
            Some(self.term(false)?)
        };
        self.text = self.text.strip_prefix('.')?;
        self.skip();
        (self.text.is_empty() || self.text.starts_with('#')).then_some(Some(Quad {
            subject,
            predicate,
            object,
            graph,
        }))
    }

    fn skip(&mut self) {
        self.text = self.text.trim_start_matches([' ', '\t']);
    }

    fn term(&mut self, literals: bool) -> Option<Term> {
        let term = if let Some(rest) = self.text.strip_prefix("_:") {
            let end = rest.find([' ', '\t', '<', '"']).unwrap_or(rest.len());
            let (label, after) = rest.split_at(end);
            let label = label.trim_end_matches('.');
            if label.is_empty() {
                return None;
            }
            self.text = if label.len() < end { &rest[label.len()..] } else { after };
            let next = self.labels.len();
            let node = *self.known.entry(label.to_owned()).or_insert(next);
            if node == next {
                self.labels.push(label.to_owned());
            }
            Term::Blank(node)
        } else if self.text.starts_with('<') {
            Term::Text(iri(&self.iri()?))
        } else if literals && self.text.starts_with('"') {
            let mut end = 1;
            let bytes = self.text.as_bytes();
            while *bytes.get(end)? != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let value = unescape(self.text.get(1..end)?)?;
            self.text = &self.text[end + 1..];
            if let Some(rest) = self.text.strip_prefix('@') {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                    .unwrap_or(rest.len());
                let (language, after) = rest.split_at(end);
                self.text = after;
                Term::Text(literal(&value, None, Some(language)))
            } else if let Some(rest) = self.text.strip_prefix("^^") {
                self.text = rest;
                let datatype = self.iri()?;
                Term::Text(literal(&value, Some(&datatype), None))
            } else {
                Term::Text(literal(&value, None, None))
            }
        } else {
            return None;
        };
        self.skip();
        Some(term)
    }

    fn iri(&mut self) -> Option<String> {
        let rest = self.text.strip_prefix('<')?;
        let (iri, after) = rest.split_once('>')?;
        if iri.contains([' ', '"', '{', '}', '<', '^', '`', '|']) {
            return None;
        }
        self.text = after;
        unescape(iri)
    }
}

fn unescape(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = match chars.next()? {
            'b' => {
                out.push('\u{8}');
                continue;
            }
            't' => {
                out.push('\t');
                continue;
            }
            'n' => {
                out.push('\n');
                continue;
            }
            'f' => {
                out.push('\u{c}');
                continue;
            }
            'r' => {
                out.push('\r');
                continue;
            }
            c @ ('"' | '\'' | '\\') => {
                out.push(c);
                continue;
            }
            'u' => 4,
            'U' => 8,
            _ => return None,
        };
        let mut value = 0;
        for _ in 0..digits {
            value = value * 16 + chars.next()?.to_digit(16)?;
        }
        out.push(char::from_u32(value)?);
    }
    Some(out)
}
