//! The mobile driving licence (ISO/IEC 18013-5), as far as reading it needs rules.
//!
//! It exists in mdoc alone: the EU mDL rulebook forbids it as SD-JWT VC.

/// The document type.
pub const DOCTYPE: &str = "org.iso.18013.5.1.mDL";

/// The name space of its elements.
pub const NAMESPACE: &str = "org.iso.18013.5.1";

/// The age that an element `age_over_NN` is about.
pub fn age_of_element(identifier: &str) -> Option<u8> {
    let digits = identifier.strip_prefix("age_over_")?;
    if digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// The statement that answers whether the holder is `asked` years old (ISO/IEC 18013-5 §7.2.5): the nearest true one at
/// or above that age, else the nearest false one at or below it. `None` if no statement says.
///
/// ```
/// use wallet_core::rulebook::mdl::nearest_age;
///
/// let attested = [(16, true), (18, true), (21, false)];
/// assert_eq!(nearest_age(attested, 17), Some((18, true)));
/// assert_eq!(nearest_age(attested, 25), Some((21, false)));
/// assert_eq!(nearest_age(attested, 20), None);
/// ```
pub fn nearest_age(attested: impl IntoIterator<Item = (u8, bool)> + Clone, asked: u8) -> Option<(u8, bool)> {
    let yes = attested.clone().into_iter().filter(|(age, is)| *is && *age >= asked);
    let no = attested.into_iter().filter(|(age, is)| !*is && *age <= asked);
    yes.min().or_else(|| no.max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_statement_answers() {
        let attested = [(65, false), (12, true), (18, true), (16, true), (21, false)];
        for (asked, answer) in [
            (11, Some((12, true))),
            (16, Some((16, true))),
            (17, Some((18, true))),
            (18, Some((18, true))),
            (19, None),
            (21, Some((21, false))),
            (60, Some((21, false))),
            (99, Some((65, false))),
        ] {
            assert_eq!(nearest_age(attested, asked), answer, "{asked}");
        }
        assert_eq!(nearest_age([], 18), None);
    }

    #[test]
    fn ages_have_two_digits() {
        assert_eq!(age_of_element("age_over_18"), Some(18));
        for other in [
            "age_over_",
            "age_over_8",
            "age_over_018",
            "age_over_+8",
            "age_over_1x",
            "age_in_years",
        ] {
            assert_eq!(age_of_element(other), None, "{other}");
        }
    }
}
