//! Points in time and validity windows. Nothing here reads a clock: `now` is an argument everywhere.

use std::fmt;

/// A point in time: seconds since 1970-01-01T00:00:00Z, as in `NumericDate` (RFC 7519 §2) without fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last second of the year 9999, the end of RFC 3339.
const END: i64 = 253_402_300_799;
const DAY: i64 = 86_400;

impl Timestamp {
    /// Makes a time from seconds since 1970; beyond the years 0000 to 9999 it is clamped.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(-62_167_219_200, END))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// The time `seconds` later (earlier if negative).
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this time.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Parses an RFC 3339 date-time, or a date alone, which means its first second in UTC.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        let number = |range: std::ops::Range<usize>| -> Result<i64, TimeError> {
            let digits = bytes.get(range).ok_or(TimeError::Syntax)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return Err(TimeError::Syntax);
            }
            Ok(digits
                .iter()
                .fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
            return Err(TimeError::Syntax);
        }
        if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
            return Err(TimeError::NoSuchDay);
        }
        let midnight = days_from_civil(year, month, day) * DAY;
        if bytes.len() == 10 {
            return Ok(Self(midnight));
        }
        if !matches!(bytes.get(10), Some(b'T' | b't' | b' '))
            || bytes.get(13) != Some(&b':')
            || bytes.get(16) != Some(&b':')
        {
            return Err(TimeError::Syntax);
        }
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        if hour > 23 || minute > 59 || second > 60 {
            return Err(TimeError::NoSuchDay);
        }
        let mut at = 19;
        if bytes.get(at) == Some(&b'.') {
            let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return Err(TimeError::Syntax);
            }
            at += 1 + digits;
        }
        let offset = match bytes.get(at..).ok_or(TimeError::Syntax)? {
            b"Z" | b"z" => 0,
            zone if zone.len() == 6 && zone[3] == b':' => {
                let (hours, minutes) = (number(at + 1..at + 3)?, number(at + 4..at + 6)?);
                let sign = match zone[0] {
                    b'+' => 1,
                    b'-' => -1,
                    _ => return Err(TimeError::Syntax),
                };
                if hours > 23 || minutes > 59 {
                    return Err(TimeError::NoSuchDay);
                }
                sign * (hours * 3600 + minutes * 60)
            }
            _ => return Err(TimeError::Syntax),
        };
        Ok(Self::from_unix(midnight + hour * 3600 + minute * 60 + second - offset))
    }

    /// The date in UTC, as `YYYY-MM-DD`.
    pub fn date(self) -> String {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        format!("{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(DAY);
        write!(
            f,
            "{}T{:02}:{:02}:{:02}Z",
            self.date(),
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// A day of the calendar without a time (`full-date` of RFC 3339 §5.6), such as a date of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FullDate(Timestamp);

impl FullDate {
    /// Parses `YYYY-MM-DD` of a day that exists.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if text.len() == 10 {
            Timestamp::parse(text).map(Self)
        } else {
            Err(TimeError::Syntax)
        }
    }

    /// The first second of the day in UTC.
    pub fn midnight(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for FullDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.date())
    }
}

/// When something may be used: from `not_before` up to but not including `expires` (RFC 7519 §4.1.4, §4.1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validity {
    /// `nbf`; absent means always.
    pub not_before: Option<Timestamp>,
    /// `exp`; absent means for ever.
    pub expires: Option<Timestamp>,
}

impl Validity {
    /// Makes a window.
    pub fn new(not_before: Option<Timestamp>, expires: Option<Timestamp>) -> Self {
        Self { not_before, expires }
    }

    /// Checks `now` against the window, forgiving clocks that differ by `skew` seconds.
    pub fn check(self, now: Timestamp, skew: i64) -> Result<(), OutsideValidity> {
        if let Some(not_before) = self.not_before
            && now.plus(skew) < not_before
        {
            return Err(OutsideValidity::NotYetValid { not_before });
        }
        if let Some(expires) = self.expires
            && now.plus(-skew) >= expires
        {
            return Err(OutsideValidity::Expired { expired: expires });
        }
        Ok(())
    }
}

/// Why a point in time is outside a validity window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutsideValidity {
    /// It ended.
    Expired {
        /// When.
        expired: Timestamp,
    },
    /// It has not begun.
    NotYetValid {
        /// When it will.
        not_before: Timestamp,
    },
}

impl fmt::Display for OutsideValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { expired } => write!(f, "expired at {expired}"),
            Self::NotYetValid { not_before } => write!(f, "not valid before {not_before}"),
        }
    }
}

impl std::error::Error for OutsideValidity {}

/// Text that is not an RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// A day, hour or offset that does not exist.
    NoSuchDay,
    /// Not of the form `2026-07-05T12:00:00Z` or `2026-07-05`.
    Syntax,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchDay => "no such day or hour",
            Self::Syntax => "not a time like 2026-07-05T12:00:00Z or 2026-07-05",
        })
    }
}

impl std::error::Error for TimeError {}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc_3339() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-21T03:24:03Z", 1_795_231_443),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::unix), Ok(unix));
            assert_eq!(Timestamp::from_unix(unix).to_string(), text);
        }
        assert_eq!(
            Timestamp::parse("2026-07-05T02:00:00.25+02:00"),
            Timestamp::parse("2026-07-05")
        );
    }

    #[test]
    fn refuses_days_that_do_not_exist() {
        for text in ["2025-02-29", "2026-13-01", "2026-04-31", "2026-01-01T24:00:00Z"] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::NoSuchDay), "{text}");
        }
        for text in [
            "",
            "2026-1-1",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0200",
            "20260101",
        ] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::Syntax), "{text}");
        }
    }

    #[test]
    fn a_window_excludes_its_end() {
        let at = Timestamp::from_unix;
        let window = Validity::new(Some(at(10)), Some(at(20)));
        assert_eq!(window.check(at(10), 0), Ok(()));
        assert_eq!(
            window.check(at(20), 0),
            Err(OutsideValidity::Expired { expired: at(20) })
        );
        assert_eq!(
            window.check(at(9), 0),
            Err(OutsideValidity::NotYetValid { not_before: at(10) })
        );
        assert_eq!(window.check(at(9), 1), Ok(()));
    }
}
