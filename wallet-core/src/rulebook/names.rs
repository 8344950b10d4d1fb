//! Whether two spellings can be the same person's name.
//!
//! An identity card writes `STRAẞENBERG`, a school `Straßenberg`, an airline `STRASSENBERG`, and all mean one person.
//! [`compare`] tells what is equal but for case and encoding from what a clerk should look at, and that from what is
//! another name. It compares one field with the same field of another document: family names with family names,
//! given names with given names. It decides nothing: a person with another name on an older certificate married, and
//! [`NameMatch::Different`] is a reason to ask, never to reject (PID checklist §3).
//!
//! Letters are those of DIN 91379: Latin with all its marks. Nothing is transliterated from other scripts, because
//! there is no one way to do it; such names are compared as written.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// How alike two names are; the lesser of several is the verdict on all of them ([`Ord::min`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NameMatch {
    /// Not one name in two spellings. People change names: ask, do not reject.
    Different,
    /// Perhaps one name: transliterated, without marks, with fewer given names, or joined otherwise. Look at both.
    Likely,
    /// Equal but for case, encoding, white space and doctoral degrees.
    Same,
}

/// A PID's names have at most 150 characters (PID Rulebook §3.1); what is far longer is no name.
const LONGEST: usize = 1000;

/// Compares two spellings of family names, or of given names.
pub fn compare(a: &str, b: &str) -> NameMatch {
    if a.len() > LONGEST || b.len() > LONGEST {
        return if a == b { NameMatch::Same } else { NameMatch::Different };
    }
    let (a, b) = (Name::read(a), Name::read(b));
    if a.words.is_empty() || b.words.is_empty() {
        // A person without this name is not alike with one who has it.
        return if a.words.is_empty() && b.words.is_empty() {
            NameMatch::Same
        } else {
            NameMatch::Different
        };
    }
    if a.folded() == b.folded() {
        return a.sharp_s(&b);
    }
    if a.is_likely(&b) {
        NameMatch::Likely
    } else {
        NameMatch::Different
    }
}

/// A name in parts.
struct Name {
    /// The words without degrees, NFC; those that a hyphen joins are one.
    words: Vec<String>,
}

impl Name {
    fn read(text: &str) -> Self {
        // NFC first: a mark of its own is no letter yet.
        let text: String = text.nfc().filter_map(plain_sign).collect();
        let text = text.replace(" -", "-").replace("- ", "-");
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        strip_degrees(&mut words);
        Self { words }
    }

    /// The name without case: ẞ, ß and SS are one here, and so are the four letters I.
    fn folded(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| fold(word).replace('ß', "ss")).collect();
        words.join(" ")
    }

    /// The verdict on names that are equal without case: `Weiß` and `Weiss` are two names, unless capitals had to
    /// write SS for ß, as all German documents did until 2017 (DIN 5008, Council for German Orthography).
    fn sharp_s(&self, other: &Self) -> NameMatch {
        let alike = self
            .words
            .iter()
            .zip(&other.words)
            .all(|(mine, theirs)| fold(mine) == fold(theirs) || is_capital(mine) || is_capital(theirs));
        if alike { NameMatch::Same } else { NameMatch::Likely }
    }

    /// Whether the names are alike without marks, with other joints, or with some of several names left out.
    fn is_likely(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.parts(), other.parts());
        if mine.is_empty() || theirs.is_empty() {
            return false;
        }
        // Joined otherwise: `Anna-Lena` and `Annalena`, `von der Heide` and `Vonderheide`, `O'Brien` and `OBRIEN`.
        if Part::joined(&mine).is_alike(&Part::joined(&theirs)) {
            return true;
        }
        let (few, many) = if mine.len() <= theirs.len() {
            (&mine, &theirs)
        } else {
            (&theirs, &mine)
        };
        // Each part answers for one part of the other side, in any order; a particle alone names nobody.
        let mut taken = BTreeSet::new();
        let all = few.iter().all(|part| {
            let found = (0..many.len()).find(|at| !taken.contains(at) && many[*at].is_alike(part));
            found.is_some_and(|at| taken.insert(at))
        });
        all && few.iter().any(|part| !part.is_particle())
    }

    /// The parts of the name, hyphens and apostrophes gone, in all readings.
    fn parts(&self) -> Vec<Part> {
        let parts = self.words.iter().flat_map(|word| word.split('-'));
        parts.map(Part::read).filter(|part| !part.bare.is_empty()).collect()
    }
}

/// One part of a name without marks, in both ways that German documents write an umlaut without dots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    /// `muller`.
    bare: String,
    /// `mueller`.
    spelled: String,
}

impl Part {
    fn read(text: &str) -> Self {
        let mut part = Self::default();
        let folded = fold(text);
        let mut letters = folded.nfd().peekable();
        while let Some(letter) = letters.next() {
            let mut dots = false;
            while let Some(mark) = letters.next_if(|next| is_combining_mark(*next)) {
                dots |= mark == '\u{308}';
            }
            match base_of(letter) {
                Some((bare, spelled)) => {
                    part.bare.push_str(bare);
                    part.spelled.push_str(spelled);
                }
                None if letter.is_alphanumeric() => {
                    part.bare.push(letter);
                    part.spelled.push(letter);
                    if dots && matches!(letter, 'a' | 'o' | 'u') {
                        part.spelled.push('e');
                    }
                }
                // Apostrophes and dots.
                None => {}
            }
        }
        part
    }

    fn joined(parts: &[Self]) -> Self {
        Self {
            bare: parts.iter().map(|part| part.bare.as_str()).collect(),
            spelled: parts.iter().map(|part| part.spelled.as_str()).collect(),
        }
    }

    fn is_alike(&self, other: &Self) -> bool {
        self.bare == other.bare
            || self.spelled == other.spelled
            || self.bare == other.spelled
            || self.spelled == other.bare
    }

    fn is_particle(&self) -> bool {
        PARTICLES.contains(&self.bare.as_str())
    }
}

/// Words that stand before names and are none.
const PARTICLES: [&str; 34] = [
    "al", "am", "auf", "bin", "da", "dal", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
    "el", "ibn", "im", "la", "le", "ten", "ter", "und", "van", "ver", "vom", "von", "y", "zu", "zum", "zur", "thi",
];

/// Degrees as they stand before names on German documents; the degree is no part of the name.
const DEGREES: [&str; 32] = [
    "dr",
    "drs",
    "dres",
    "prof",
    "professor",
    "doktor",
    "hc",
    "eh",
    "mult",
    "habil",
    "ing",
    "med",
    "dent",
    "vet",
    "phil",
    "jur",
    "iur",
    "rer",
    "nat",
    "pol",
    "oec",
    "theol",
    "sc",
    "agr",
    "päd",
    "paed",
    "dipl",
    "mag",
    "h",
    "c",
    "e",
    "biol",
];

/// Takes away leading degrees: only after `Dr.` or the like are the other abbreviations degrees, and one word stays.
fn strip_degrees(words: &mut Vec<String>) {
    let is_degree = |word: &String| {
        let word = fold(word);
        let mut bits = word.split(['.', '-']).filter(|bit| !bit.is_empty()).peekable();
        bits.peek().is_some() && bits.all(|bit| DEGREES.contains(&bit))
    };
    let opens = |word: &String| {
        let word = fold(word);
        let first = word.split(['.', '-']).next().unwrap_or_default();
        matches!(first, "dr" | "drs" | "dres" | "prof" | "professor" | "doktor" | "dipl" | "mag")
            // `Mag` and `Prof` may be names; with a dot they are not.
            && (word.contains('.') || matches!(first, "dr" | "prof"))
    };
    if !words.first().is_some_and(opens) {
        return;
    }
    let count = words.iter().take_while(|word| is_degree(word)).count();
    words.drain(..count.min(words.len() - 1));
}

/// Simple case folding with the exceptions that names need.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // `to_lowercase` makes ß of ẞ, and i with a dot of İ. In capitals, Turkish ı and i are told apart by a dot that
    // other systems drop or add: no two people are told apart by it.
    for letter in text.to_lowercase().chars() {
        match letter {
            'ı' => folded.push('i'),
            '\u{307}' if folded.ends_with('i') => {}
            'ς' => folded.push('σ'),
            _ => folded.push(letter),
        }
    }
    folded
}

fn is_capital(word: &str) -> bool {
    !word.chars().any(char::is_lowercase)
}

/// One sign for all that look alike, and nothing for what does not show.
fn plain_sign(sign: char) -> Option<char> {
    match sign {
        // Soft hyphen, joiners, byte order mark.
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{2bb}' | '\u{2bc}' | '\u{2b9}' | '`' | '´' | '\u{2032}' => Some('\''),
        other => Some(other),
    }
}

/// Letters of DIN 91379 that no decomposition makes plain, bare and spelled out (ICAO 9303-3 §6 A).
fn base_of(letter: char) -> Option<(&'static str, &'static str)> {
    Some(match letter {
        'ß' => ("ss", "ss"),
        'ø' => ("o", "oe"),
        'œ' => ("oe", "oe"),
        'æ' => ("ae", "ae"),
        'ð' | 'đ' | 'ɖ' | 'ɗ' => ("d", "d"),
        'þ' => ("th", "th"),
        'ł' => ("l", "l"),
        'ħ' => ("h", "h"),
        'ŧ' => ("t", "t"),
        'ŋ' => ("n", "n"),
        'ĳ' => ("ij", "ij"),
        'ĸ' => ("q", "q"),
        'ə' | 'ǝ' => ("e", "e"),
        'ƙ' => ("k", "k"),
        'ɓ' => ("b", "b"),
        'ƴ' => ("y", "y"),
        'ƶ' => ("z", "z"),
        'ǥ' => ("g", "g"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
