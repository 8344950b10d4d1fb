//! Checks a message against the grammar: elements, order, counts, attributes, value forms, closed code lists.

use roxmltree::Node;

use super::super::codes::CodeList;
use super::super::decimal::Decimal;
use super::super::text::{self, Repertoire};
use super::error::{Rule, XSchuleError};
use super::grammar::{self, CodeType, GRAMMAR, Particle, Type};
use crate::time::Timestamp;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SCALES: &str = "http://xbildung.de/def/xbildung/2025-02-04/code/bewertungsschema/";

/// Checks an element of the type `content`. The depth is bounded twice: by the guard, and by the grammar,
/// whose types do not contain themselves.
pub(super) fn check(node: Node<'_, '_>, name: &'static str, content: &'static str) -> Result<(), XSchuleError> {
    let outcome = match GRAMMAR.types.get(content) {
        Some(Type::Sequence(particles)) => attributes(node, content).and_then(|()| sequence(node, particles)),
        Some(Type::Choice(particles)) => attributes(node, content).and_then(|()| choice(node, particles)),
        Some(Type::Code(code)) => check_code(node, code),
        // An enveloped signature is not judged here: it is reported, and the caller decides.
        None if content == "signature" => Ok(()),
        None => attributes(node, content).and_then(|()| simple(node, content)),
    };
    let outcome = outcome.and_then(|()| match content {
        "xbd:Benotung" => scales(node),
        _ => Ok(()),
    });
    outcome.map_err(|error| locate(error, node).within(name))
}

/// Adds where `node` starts.
pub(super) fn locate(error: XSchuleError, node: Node<'_, '_>) -> XSchuleError {
    if error.line().is_some() {
        return error;
    }
    let at = node.document().text_pos_at(node.range().start);
    error.at(at.row, at.col)
}

/// The text of an element without comments, white space collapsed.
pub(super) fn text_of(node: Node<'_, '_>) -> String {
    text::collapse(&raw_text(node))
}

/// The text of an element without comments and outer white space.
pub(super) fn raw_text(node: Node<'_, '_>) -> String {
    let pieces = node.children().filter(Node::is_text).filter_map(|child| child.text());
    pieces
        .collect::<String>()
        .trim_matches([' ', '\t', '\r', '\n'])
        .to_owned()
}

fn sequence(node: Node<'_, '_>, particles: &'static [Particle]) -> Result<(), XSchuleError> {
    no_text(node)?;
    let (mut at, mut count) = (0, 0);
    for child in node.children().filter(Node::is_element) {
        let Some(found) = particles.iter().position(|particle| is(child, particle)) else {
            return Err(stranger(child, particles));
        };
        if found < at {
            let error = XSchuleError::new(Rule::ElementOrder).within(particles[found].name);
            return Err(locate(error, child));
        }
        if found > at {
            complete(&particles[at..found], count)?;
            (at, count) = (found, 0);
        }
        let particle = &particles[at];
        count += 1;
        if let Some(allowed) = particle.most
            && count > allowed
        {
            let error = XSchuleError::new(Rule::ElementRepeated { allowed }).within(particle.name);
            return Err(locate(error, child));
        }
        descend(child, particle)?;
    }
    complete(particles.get(at..).unwrap_or_default(), count)
}

/// Checks that the first of `particles` stood often enough with `count`, and that the others may be absent.
fn complete(particles: &'static [Particle], count: u32) -> Result<(), XSchuleError> {
    let counts = std::iter::once(count).chain(std::iter::repeat(0));
    match particles
        .iter()
        .zip(counts)
        .find(|(particle, count)| *count < particle.least)
    {
        Some((particle, _)) => Err(XSchuleError::new(Rule::ElementMissing(particle.name))),
        None => Ok(()),
    }
}

fn choice(node: Node<'_, '_>, particles: &'static [Particle]) -> Result<(), XSchuleError> {
    no_text(node)?;
    let mut children = node.children().filter(Node::is_element);
    let (Some(child), None) = (children.next(), children.next()) else {
        return Err(XSchuleError::new(Rule::Choice));
    };
    match particles.iter().find(|particle| is(child, particle)) {
        Some(particle) => descend(child, particle),
        None => Err(stranger(child, particles)),
    }
}

fn descend(child: Node<'_, '_>, particle: &'static Particle) -> Result<(), XSchuleError> {
    check(child, particle.name, particle.content)?;
    match particle.fixed {
        Some(_) if !matches!(text_of(child).as_str(), "true" | "1") => {
            let error = XSchuleError::new(Rule::Form { expected: "true" }).within(particle.name);
            Err(locate(error, child))
        }
        _ => Ok(()),
    }
}

fn is(child: Node<'_, '_>, particle: &Particle) -> bool {
    child.tag_name().name() == particle.name && child.tag_name().namespace() == Some(particle.namespace)
}

/// Says why an element may not stand here.
fn stranger(child: Node<'_, '_>, particles: &'static [Particle]) -> XSchuleError {
    let name = child.tag_name().name();
    let error = match particles.iter().find(|particle| particle.name == name) {
        Some(particle) => XSchuleError::new(Rule::Namespace {
            expected: particle.namespace,
        })
        .within(particle.name),
        None => {
            let error = XSchuleError::new(Rule::ElementUnexpected);
            match grammar::known_name(name) {
                Some(known) => error.within(known),
                None => error,
            }
        }
    };
    locate(error, child)
}

fn no_text(node: Node<'_, '_>) -> Result<(), XSchuleError> {
    if raw_text(node).is_empty() {
        Ok(())
    } else {
        Err(XSchuleError::new(Rule::Text))
    }
}

fn attributes(node: Node<'_, '_>, content: &str) -> Result<(), XSchuleError> {
    for attribute in node.attributes() {
        let known = match attribute.namespace() {
            // `xsi:type` and `xsi:nil` would change what the element means: no type here allows them.
            Some(XSI) => matches!(attribute.name(), "schemaLocation" | "noNamespaceSchemaLocation"),
            Some(XML) => attribute.name() == "lang" && content == "localized",
            None => content == "xsc:Erweiterung.eigenschaft" && matches!(attribute.name(), "listURI" | "listVersionID"),
            Some(_) => false,
        };
        if !known {
            return Err(XSchuleError::new(Rule::AttributeUnexpected));
        }
    }
    Ok(())
}

fn check_code(node: Node<'_, '_>, code: &CodeType) -> Result<(), XSchuleError> {
    no_text(node)?;
    for (attribute, fixed) in [("listURI", code.uri), ("listVersionID", code.version)] {
        match (fixed, node.attribute(attribute)) {
            (None, None) => return Err(XSchuleError::new(Rule::AttributeMissing(attribute))),
            (Some(expected), Some(found)) if found.trim() != expected => {
                return Err(XSchuleError::new(Rule::AttributeValue { attribute, expected }));
            }
            _ => {}
        }
    }
    if node
        .attributes()
        .any(|a| a.namespace().is_some() || !matches!(a.name(), "listURI" | "listVersionID"))
    {
        return Err(XSchuleError::new(Rule::AttributeUnexpected));
    }
    let mut expected: &[&'static str] = if code.named { &["code", "name"] } else { &["code"] };
    for child in node.children().filter(Node::is_element) {
        let here = expected.first().copied();
        if child.tag_name().namespace().is_some() && Some(child.tag_name().name()) == here {
            // xoev-code: `code` and `name` are unqualified.
            return Err(locate(XSchuleError::new(Rule::Namespace { expected: "(none)" }), child).within("code"));
        }
        if Some(child.tag_name().name()) != here {
            return Err(locate(XSchuleError::new(Rule::ElementUnexpected), child));
        }
        if child.attributes().len() > 0 {
            return Err(locate(XSchuleError::new(Rule::AttributeUnexpected), child));
        }
        if child.children().any(|inner| inner.is_element()) {
            return Err(locate(XSchuleError::new(Rule::ElementUnexpected), child));
        }
        if here == Some("code") {
            let text = text_of(child);
            if text.is_empty() {
                return Err(locate(XSchuleError::new(Rule::Form { expected: "a code" }), child));
            }
            if let Some(list) = code.closed
                && !(CodeList::of_uri(&text).is_some_and(|found| std::ptr::eq(found, list))
                    && text.rsplit('/').next().is_some_and(|short| list.entry(short).is_some()))
            {
                return Err(locate(XSchuleError::new(Rule::CodeUnknown { list: list.uri() }), child));
            }
        }
        expected = &expected[1..];
    }
    match expected.first() {
        Some(missing) => Err(XSchuleError::new(Rule::ElementMissing(missing))),
        None => Ok(()),
    }
}

fn simple(node: Node<'_, '_>, content: &str) -> Result<(), XSchuleError> {
    if let Some(child) = node.children().find(Node::is_element) {
        return Err(locate(XSchuleError::new(Rule::ElementUnexpected), child));
    }
    let raw = raw_text(node);
    let value = text::collapse(&raw);
    let day = without_zone(&value);
    let form = |holds: bool, expected: &'static str| {
        if holds {
            Ok(())
        } else {
            Err(XSchuleError::new(Rule::Form { expected }))
        }
    };
    match content {
        "date" => form(is_date(day), "a date like 2026-07-05"),
        "month" => form(is_date(&format!("{day}-01")), "a month like 2026-07"),
        "year" => form(day.len() == 4 && is_date(&format!("{day}-01-01")), "a year like 2026"),
        "boolean" => form(matches!(value.as_str(), "true" | "false" | "1" | "0"), "true or false"),
        "decimal" => form(Decimal::parse(&value).is_ok(), "a decimal number"),
        "integer" => form(!value.contains('.') && Decimal::parse(&value).is_ok(), "a whole number"),
        "base64" => form(
            value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b' ')),
            "base64",
        ),
        "din" | "din-e" => {
            let repertoire = if content == "din" {
                Repertoire::Latin
            } else {
                Repertoire::Extended
            };
            if !text::admits(repertoire, &raw) {
                return Err(XSchuleError::new(Rule::Character));
            }
            if !text::is_nfc(&raw) {
                return Err(XSchuleError::new(Rule::NotNormalised));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse(text).is_ok()
}

/// XML Schema Part 2 §3.2.9: a date may carry a time zone. A day in a school record has none, so it is dropped.
pub(super) fn without_zone(text: &str) -> &str {
    let zone = |sign| text.rfind(sign).filter(|at| is_zone(&text[at + 1..]));
    let end = text.strip_suffix('Z').map(str::len);
    // The last `-` of `2026-07` is no zone: a zone has a colon.
    end.or_else(|| zone('+'))
        .or_else(|| zone('-'))
        .map_or(text, |end| &text[..end])
}

fn is_zone(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).and_then(|part| {
            part.parse::<u8>()
                .ok()
                .filter(|_| part.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    let (hours, minutes) = (digits(0..2), digits(3..5));
    text.len() == 5
        && text.as_bytes()[2] == b':'
        && matches!((hours, minutes), (Some(0..=13), Some(0..=59)) | (Some(14), Some(0)))
}

/// XBildung code list Bewertungsschema: the URI ends in the worst, the passing and the best value.
fn scales(node: Node<'_, '_>) -> Result<(), XSchuleError> {
    for (value, scheme) in [("note", "bewertungsschemaNote"), ("punkte", "bewertungsschemaPunkte")] {
        let child = |name| {
            node.children()
                .find(|child: &Node<'_, '_>| child.tag_name().name() == name)
        };
        let uri = child(scheme)
            .and_then(|scheme| scheme.children().find(|part| part.tag_name().name() == "schemaURI"))
            .map(text_of);
        let (Some(element), Some(uri)) = (child(value), uri) else {
            continue;
        };
        let Some((least, most)) = uri.strip_prefix(SCALES).and_then(bounds) else {
            continue;
        };
        let fail = |rule| {
            let name = if value == "note" { "note" } else { "punkte" };
            locate(XSchuleError::new(rule).within(name), element)
        };
        // A grade may be in words or carry a tendency (`2+`); only a number can be outside its scale.
        let Ok(number) = Decimal::parse_grade(&text_of(element)) else {
            continue;
        };
        if value == "punkte" && number.as_integer().is_none() {
            return Err(fail(Rule::Form {
                expected: "whole points",
            }));
        }
        let bound = |value: u32| Decimal::from_parts(i64::from(value), 0);
        if number < bound(least) || number > bound(most) {
            return Err(fail(Rule::OutOfScale { least, most }));
        }
    }
    Ok(())
}

fn bounds(scheme: &str) -> Option<(u32, u32)> {
    let mut parts = scheme.rsplit('_').map(|part| part.parse::<u32>().ok());
    let (best, _pass, worst) = (parts.next()??, parts.next()?, parts.next()??);
    Some((best.min(worst), best.max(worst)))
}
