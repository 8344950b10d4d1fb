//! Exact decimals for grades and points. A grade is never an `f64`: 1,3 has no binary fraction.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number exactly as it was written, up to 17 digits.
///
/// Numbers compare by value (`2.0` equals `2`); the text keeps the digits after the point.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// 10^17 fits an `i64` with room for the sign, and no grade or point total comes near it.
const MAX_DIGITS: usize = 17;

impl Decimal {
    /// Makes a whole number.
    pub fn from_integer(value: i32) -> Self {
        Self::from_parts(i64::from(value), 0)
    }

    pub(super) fn from_parts(mantissa: i64, scale: u8) -> Self {
        Self { mantissa, scale }
    }

    /// Parses `xs:decimal` (XML Schema Part 2 §3.2.3): an optional sign, digits, one optional point, no exponent.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(DecimalError::Syntax);
        }
        let whole = whole.trim_start_matches('0');
        let digits = whole.len() + fraction.len();
        if digits > MAX_DIGITS {
            return Err(DecimalError::TooLong {
                digits,
                allowed: MAX_DIGITS,
            });
        }
        let mut mantissa = 0_i64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(DecimalError::Syntax);
            }
            mantissa = mantissa * 10 + i64::from(byte - b'0');
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::Syntax)?;
        Ok(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            scale,
        })
    }

    /// Parses a grade as schools write it: a decimal comma is as good as a point.
    pub fn parse_grade(text: &str) -> Result<Self, DecimalError> {
        let text = text.trim();
        if text.matches([',', '.']).count() > 1 {
            return Err(DecimalError::Syntax);
        }
        Self::parse(&text.replace(',', "."))
    }

    /// The number as an integer, if it is one.
    pub fn as_integer(self) -> Option<i64> {
        let divisor = 10_i64.pow(u32::from(self.scale));
        (self.mantissa % divisor == 0).then(|| self.mantissa / divisor)
    }

    /// The number for German readers, with a decimal comma.
    pub fn to_german(self) -> String {
        self.to_string().replace('.', ",")
    }
}

impl fmt::Display for Decimal {
    /// Writes digits with a decimal point, no leading zeros, and as many decimals as were written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divisor = 10_u64.pow(u32::from(self.scale));
        let magnitude = self.mantissa.unsigned_abs();
        if self.mantissa < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", magnitude / divisor)?;
        if self.scale > 0 {
            write!(f, ".{:0width$}", magnitude % divisor, width = usize::from(self.scale))?;
        }
        Ok(())
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scaled = |one: &Self, two: &Self| i128::from(one.mantissa) * 10_i128.pow(u32::from(two.scale));
        scaled(self, other).cmp(&scaled(other, self))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

/// Text that is not an exact decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not digits with at most one point.
    Syntax,
    /// More digits than are kept exactly.
    TooLong {
        /// How many there are.
        digits: usize,
        /// How many are allowed.
        allowed: usize,
    },
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("not a decimal number"),
            Self::TooLong { digits, allowed } => write!(f, "number has {digits} digits, {allowed} are allowed"),
        }
    }
}

impl std::error::Error for DecimalError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_digits_and_compares_by_value() {
        let parse = |text| Decimal::parse(text).unwrap();
        for (text, written) in [
            ("05", "5"),
            ("3.5", "3.5"),
            ("2.0", "2.0"),
            (".5", "0.5"),
            ("-0.05", "-0.05"),
            ("00", "0"),
        ] {
            assert_eq!(parse(text).to_string(), written);
        }
        assert_eq!(parse("2.0"), parse("2"));
        assert!(parse("1.3") < parse("1.31"));
        assert_eq!(parse("12.00").as_integer(), Some(12));
        assert_eq!(parse("12.5").as_integer(), None);
        assert_eq!(Decimal::parse_grade("1,3"), Ok(parse("1.3")));
        assert_eq!(parse("1.3").to_german(), "1,3");
    }

    #[test]
    fn refuses_what_is_no_decimal() {
        for text in ["", ".", "-", "1e3", "1.2.3", "NaN", "1 2", "٣"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Syntax), "{text}");
        }
        assert_eq!(
            Decimal::parse("123456789012345678"),
            Err(DecimalError::TooLong {
                digits: 18,
                allowed: 17
            })
        );
        assert_eq!(Decimal::parse_grade("1.000,5"), Err(DecimalError::Syntax));
    }
}
