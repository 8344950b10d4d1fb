//! Countries by the codes of ISO 3166-1, and as travel documents write them (ICAO 9303-3 §5).

/// Alpha-2 and alpha-3 codes, one country a line.
const CODES: &str = include_str!("data/countries.txt");

/// Whether ISO 3166-1 has this alpha-2 code, or it is XK, which documents of Kosovo and the EU's registers use.
pub(crate) fn is_country(alpha_2: &str) -> bool {
    alpha_2 == "XK" || (alpha_2.len() == 2 && CODES.lines().any(|line| line.get(..2) == Some(alpha_2)))
}

/// The code of PID claims for a state as a document writes it: alpha-3, `D` for Germany, alpha-2 as it is; stateless
/// is `QS` and unknown `QU` (PID Rulebook §3.1). `None` for what no document writes.
pub fn of_document(code: &str) -> Option<&'static str> {
    Some(match code {
        "D" => "DE",
        "RKS" | "XKX" | "XK" => "XK",
        "XXA" | "XXB" | "XXC" | "QS" => "QS",
        "XXX" | "QU" => "QU",
        // British passports of other kinds than of British citizens.
        "GBD" | "GBN" | "GBO" | "GBP" | "GBS" => "GB",
        code => {
            let mut lines = CODES.lines().filter_map(|line| line.split_once(' '));
            return lines
                .find(|(alpha_2, alpha_3)| code == *alpha_2 || code == *alpha_3)
                .map(|(alpha_2, _)| alpha_2);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_documents_become_alpha_2() {
        for (written, code) in [
            ("D", "DE"),
            ("DEU", "DE"),
            ("TUR", "TR"),
            ("VN", "VN"),
            ("XXA", "QS"),
            ("XXX", "QU"),
        ] {
            assert_eq!(of_document(written), Some(code), "{written}");
        }
        for written in ["", "de", "GER", "ZZZ", "DD", "DE "] {
            assert_eq!(of_document(written), None, "{written}");
        }
    }

    #[test]
    fn countries_are_those_of_the_list() {
        assert_eq!(CODES.lines().count(), 249);
        assert!(is_country("DE") && is_country("XK") && is_country("VN"));
        for code in ["QU", "de", "D", "", "DEU", "ZZ", "E A"] {
            assert!(!is_country(code), "{code}");
        }
    }
}
