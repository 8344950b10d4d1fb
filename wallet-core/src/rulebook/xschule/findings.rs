//! What a message says that cannot be right, or that was not looked at: reported, never repaired.

use std::collections::BTreeMap;
use std::fmt;

use super::super::codes::Code;
use super::super::decimal::Decimal;
use super::SchoolReport;
use super::model::{Exam, Mark};

/// Something a school office should look at before it issues a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// An alternative representation was ignored in favour of its element.
    AlternativeIgnored {
        /// Where it stands.
        line: u32,
    },
    /// The final grade is not a number.
    AverageMissing,
    /// The final grade does not follow from the total number of points.
    AverageDiffers {
        /// The grade in the document.
        stated: Decimal,
        /// The grade by the formula of the KMK.
        computed: Decimal,
    },
    /// The points of a block do not follow from its marks.
    BlockDiffers {
        /// 1 or 2.
        block: u8,
        /// The points in the document.
        stated: Decimal,
        /// The points by the formula of the KMK, rounded up, all advanced subjects counted twice.
        computed: Decimal,
    },
    /// A code that its published list does not hold, or whose list is not known here.
    CodeNotListed {
        /// Where it stands.
        line: u32,
    },
    /// The message carries a signature; reading does not check it.
    SignatureNotChecked {
        /// Where it stands.
        line: u32,
    },
    /// The total is not the sum of its blocks.
    TotalDiffers {
        /// The total in the document.
        stated: Decimal,
        /// The sum.
        computed: Decimal,
    },
}

impl Finding {
    /// The stable code of the finding.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlternativeIgnored { .. } => "xschule.finding.alternative_ignored",
            Self::AverageMissing => "xschule.finding.average_missing",
            Self::AverageDiffers { .. } => "xschule.finding.average_differs",
            Self::BlockDiffers { .. } => "xschule.finding.block_differs",
            Self::CodeNotListed { .. } => "xschule.finding.code_not_listed",
            Self::SignatureNotChecked { .. } => "xschule.finding.signature_not_checked",
            Self::TotalDiffers { .. } => "xschule.finding.total_differs",
        }
    }
}

impl fmt::Display for Finding {
    /// Says what was found without repeating marks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlternativeIgnored { line } => write!(f, "line {line}: alternative representation ignored"),
            Self::AverageMissing => f.write_str("the final grade is not a number"),
            Self::AverageDiffers { .. } => f.write_str("the final grade does not follow from the total points"),
            Self::BlockDiffers { block, .. } => write!(f, "the points of block {block} do not follow from its marks"),
            Self::CodeNotListed { line } => write!(f, "line {line}: the code is not in a published list"),
            Self::SignatureNotChecked { line } => write!(f, "line {line}: the XML signature was not checked"),
            Self::TotalDiffers { .. } => f.write_str("the total is not the sum of blocks I and II"),
        }
    }
}

/// Checks the arithmetic of an Abitur (KMK agreement on the upper secondary level, annex; §6.5 of our notes).
pub(super) fn of_marks(report: &SchoolReport) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(abitur) = report.abitur() else {
        return found;
    };
    let points = |mark: &Option<Mark>| mark.as_ref()?.points?.as_integer();
    let total = points(&abitur.total);
    let (block_1, block_2) = (points(&abitur.block_1), points(&abitur.block_2));
    match (abitur.average.grade_value(), total) {
        (None, _) => found.push(Finding::AverageMissing),
        (Some(stated), Some(total)) => {
            let computed = average(total);
            if stated != computed {
                found.push(Finding::AverageDiffers { stated, computed });
            }
        }
        (Some(_), None) => {}
    }
    if let (Some(stated), Some(one), Some(two)) = (total, block_1, block_2)
        && stated != one + two
    {
        let (stated, computed) = (whole(stated), whole(one + two));
        found.push(Finding::TotalDiffers { stated, computed });
    }
    if let (Some(stated), Some(computed)) = (block_1, block_one(report))
        && !computed.contains(&stated)
    {
        let computed = whole(computed.first().copied().unwrap_or_default());
        let stated = whole(stated);
        found.push(Finding::BlockDiffers {
            block: 1,
            stated,
            computed,
        });
    }
    let exams: Vec<_> = report.exams().collect();
    if let (Some(stated), Some((least, most))) = (block_2, block_two(&exams))
        && !(least..=most).contains(&stated)
    {
        let (stated, computed) = (whole(stated), whole(most));
        found.push(Finding::BlockDiffers {
            block: 2,
            stated,
            computed,
        });
    }
    found
}

/// N = 17/3 - P/180, cut (not rounded) to one decimal, never better than 1.0.
pub(super) fn average(points: i64) -> Decimal {
    // Tenths: (17/3 - P/180) * 10 = (1020 - P) / 18.
    let tenths = (1020 - points).div_euclid(18).max(10);
    Decimal::from_parts(tenths, 1)
}

/// E I = 40 * P / S, where P sums the counted points and S their number, some advanced subjects counted twice.
///
/// The states differ in which advanced subjects count twice (none, all, or two of three and more) and in how they
/// round, and the message says neither: every value that some state would compute is acceptable.
fn block_one(report: &SchoolReport) -> Option<Vec<i64>> {
    let mut all = Share::default();
    let mut advanced: BTreeMap<&str, Share> = BTreeMap::new();
    for course in report.courses().filter(|course| course.counts != Some(false)) {
        let points = course.marks.first()?.points?.as_integer()?;
        all = all.plus(Share { points, count: 1 });
        let level = course.level.as_ref().map(Code::short);
        if level == Some("erhoehtes_anforderungsniveau") {
            let subject = course.subjects.first().map(Code::as_str).or(course.name.as_deref())?;
            let share = advanced.entry(subject).or_default();
            *share = share.plus(Share { points, count: 1 });
        }
    }
    for further in report.abitur().into_iter().flat_map(|abitur| &abitur.further) {
        let points = further.mark.points?.as_integer()?;
        all = all.plus(Share { points, count: 1 });
    }
    if all.count == 0 || advanced.len() > MOST_ADVANCED {
        return None;
    }
    let advanced: Vec<Share> = advanced.into_values().collect();
    let mut shares = vec![advanced.iter().fold(all, |sum, share| sum.plus(*share)), all];
    for (index, one) in advanced.iter().enumerate() {
        shares.extend(advanced[index + 1..].iter().map(|two| all.plus(*one).plus(*two)));
    }
    let cut = |share: &Share| (40 * share.points).div_euclid(share.count);
    let raised = |share: &Share| (40 * share.points + share.count - 1).div_euclid(share.count);
    Some(shares.iter().flat_map(|share| [raised(share), cut(share)]).collect())
}

/// A sum of points and how many results it sums.
#[derive(Clone, Copy, Default)]
struct Share {
    points: i64,
    count: i64,
}

impl Share {
    fn plus(self, other: Self) -> Self {
        Self {
            points: self.points + other.points,
            count: self.count + other.count,
        }
    }
}

/// No state has more than four advanced subjects.
const MOST_ADVANCED: usize = 6;

/// Block II: four examinations count five times, five count four times; written and oral in one subject count 2 to 1.
fn block_two(exams: &[&Exam]) -> Option<(i64, i64)> {
    let mut subjects: BTreeMap<&str, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
    for exam in exams.iter().filter(|exam| exam.counts != Some(false)) {
        let subject = exam
            .subjects
            .first()
            .map_or(exam.name.as_deref(), |code| Some(code.as_str()))?;
        let points = exam.mark.points?.as_integer()?;
        let (written, other) = subjects.entry(subject).or_default();
        if exam.kind.short() == "schriftliche_pruefung" {
            written
        } else {
            other
        }
        .push(points);
    }
    let factor = match subjects.len() {
        4 => 5,
        5 => 4,
        _ => return None,
    };
    let (mut least, mut most) = (0, 0);
    for (written, other) in subjects.values() {
        let thirds = match (written.as_slice(), other.as_slice()) {
            ([written], [oral]) => 2 * written + oral,
            ([one], []) | ([], [one]) => 3 * one,
            _ => return None,
        };
        least += (thirds * factor).div_euclid(3);
        most += (thirds * factor + 2).div_euclid(3);
    }
    Some((least, most))
}

fn whole(value: i64) -> Decimal {
    Decimal::from_parts(value, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_is_cut_and_never_better_than_one() {
        for (points, grade) in [
            (900, "1.0"),
            (823, "1.0"),
            (822, "1.1"),
            (805, "1.1"),
            (804, "1.2"),
            (385, "3.5"),
            (300, "4.0"),
            (301, "3.9"),
        ] {
            assert_eq!(average(points).to_string(), grade, "{points}");
        }
    }
}
