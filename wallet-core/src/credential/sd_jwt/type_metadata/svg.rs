//! Filling an SVG template with claims (SD-JWT VC §8.1.2.2). The result is shown as an image, never run.

use crate::codec::Json;

use super::TypeMetadataError;
use super::document::is_svg_id;
use super::resolve::{ResolvedType, plain_text};

impl ResolvedType {
    /// Fills the places `{{svg_id}}` of a template with claims, escaped; a claim that is absent leaves nothing.
    ///
    /// # Errors
    /// A template with an unknown id, a place outside of text, a script, or a link that would be fetched.
    pub fn fill_svg(&self, template: &str, claims: &Json) -> Result<String, TypeMetadataError> {
        check_harmless(template)?;
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let end = from
                .find("}}")
                .ok_or(TypeMetadataError::Template("a place is not closed"))?;
            let id = from[2..end].trim();
            let known = self
                .claims()
                .iter()
                .find(|claim| is_svg_id(id) && claim.svg_id.as_deref() == Some(id));
            let claim = known.ok_or(TypeMetadataError::Template("unknown id"))?;
            if let Some(value) = claim.path.select(claims).unwrap_or_default().first() {
                escape(&plain_text(value), &mut out);
            }
            rest = &from[end + 2..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// SD-JWT VC §8.1.2.2: `& < > " '`.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
}

/// A picture that neither runs nor fetches, with places in text alone.
fn check_harmless(template: &str) -> Result<(), TypeMetadataError> {
    let refuse = |what| Err(TypeMetadataError::Template(what));
    // Its parser refuses a DTD, and with it entities.
    let Ok(document) = roxmltree::Document::parse(template) else {
        return refuse("not well-formed");
    };
    for node in document.descendants() {
        if node.is_comment() || node.is_pi() {
            if node.text().is_some_and(|text| text.contains("{{")) || node.is_pi() {
                return refuse("a place outside of text, or a processing instruction");
            }
            continue;
        }
        if !node.is_element() {
            continue;
        }
        let name = node.tag_name().name();
        if [
            "script",
            "foreignObject",
            "iframe",
            "object",
            "embed",
            "audio",
            "video",
            "set",
            "animate",
            "handler",
        ]
        .iter()
        .any(|active| active.eq_ignore_ascii_case(name))
        {
            return refuse("an active element");
        }
        if name.contains("{{") {
            return refuse("a place outside of text");
        }
        if name == "style" && node.text().is_some_and(fetches) {
            return refuse("a style that fetches");
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value().trim());
            if value.contains("{{") {
                return refuse("a place outside of text");
            }
            if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on")) {
                return refuse("an event handler");
            }
            let links = matches!(name, "href" | "src");
            if links && !value.starts_with('#') && !value.starts_with("data:image/") {
                return refuse("a link that would be fetched");
            }
            if fetches(value) && !links {
                return refuse("a style that fetches");
            }
        }
    }
    Ok(())
}

fn fetches(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    style.contains("@import")
        || style
            .split("url(")
            .skip(1)
            .any(|target| !target.trim_start_matches(['\'', '"', ' ']).starts_with(['#']))
}
