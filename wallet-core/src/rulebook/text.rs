//! Text as DIN 91379 wants it: Latin letters, no control characters, Unicode NFC.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Which characters a DIN 91379 data type admits, by Unicode block: a superset of the norm's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repertoire {
    /// Data type C: names and addresses. Latin letters, signs, no line breaks.
    Latin,
    /// Data type E: as C, with Greek and Cyrillic letters and line breaks.
    Extended,
}

/// Whether every character is admitted.
pub(super) fn admits(repertoire: Repertoire, text: &str) -> bool {
    text.chars().all(|c| match (repertoire, c) {
        (Repertoire::Extended, '\n' | '\r' | '\t') => true,
        (Repertoire::Extended, '\u{370}'..='\u{52f}' | '\u{1f00}'..='\u{1fff}') => true,
        _ if c.is_control() => false,
        _ if c.is_alphabetic() => is_latin(c),
        // Private use, unassigned planes, and the marks that reorder text hide what a name says.
        _ => !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fff0}'..),
    })
}

/// Whether Latin text is in Unicode NFC.
pub(super) fn is_nfc(text: &str) -> bool {
    let mut previous = None;
    for c in text.chars() {
        if matches!(c, '\u{300}'..='\u{36f}')
            && let Some(base) = previous
            && COMPOSITIONS.contains(&(base, c))
        {
            return false;
        }
        // The Kelvin, Angstrom and Ohm signs have canonical equivalents among the letters.
        if matches!(c, '\u{2126}' | '\u{212a}' | '\u{212b}') {
            return false;
        }
        previous = Some(c);
    }
    true
}

/// Replaces runs of white space by one space, as pretty-printed XML needs.
pub(super) fn collapse(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{300}'..='\u{36f}' | '\u{1d00}'..='\u{1eff}' | '\u{2070}'..='\u{209f}' | '\u{2100}'..='\u{218f}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
}

static COMPOSITIONS: LazyLock<HashSet<(char, char)>> = LazyLock::new(|| {
    let mut pairs = HashSet::new();
    for line in include_str!("data/latin-compositions.txt").lines() {
        if let Some((mark, letters)) = line.split_once(' ')
            && let Some(mark) = u32::from_str_radix(mark, 16).ok().and_then(char::from_u32)
        {
            pairs.extend(letters.chars().map(|letter| (letter, mark)));
        }
    }
    pairs
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_composed_from_decomposed() {
        for composed in ["Zoë Đorđević-Ångström", "Müller", "Ẹ̀kọ́", "C̨"] {
            assert!(is_nfc(composed), "{composed}");
        }
        for decomposed in ["Mu\u{308}ller", "A\u{30a}", "\u{212b}"] {
            assert!(!is_nfc(decomposed), "{decomposed}");
        }
    }

    #[test]
    fn admits_latin_names_only() {
        assert!(admits(Repertoire::Latin, "d’Œuvre-Łukasz ẞ C̨"));
        for text in ["Иванов", "Ω", "a\nb", "a\u{202e}b", "a\u{7}b"] {
            assert!(!admits(Repertoire::Latin, text), "{text:?}");
        }
        assert!(admits(Repertoire::Extended, "Иванов\nΩ"));
    }
}
