//! Sequence sets: `1,3:5,7:*` (RFC 3501 §9). Pure.

/// Ranges, both ends included. `None` stands for `*`, the largest number in use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Set(Vec<(Option<u32>, Option<u32>)>);

impl Set {
    /// Reads a set.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| match text {
            "*" => Some(None),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|number| *number > 0).map(Some)
            }
            _ => None,
        };
        let range = |text: &str| match text.split_once(':') {
            Some((from, to)) => Some((number(from)?, number(to)?)),
            None => number(text).map(|one| (one, one)),
        };
        text.split(',').map(range).collect::<Option<_>>().map(Self)
    }

    /// Whether a number is in the set. The ends of a range may come in either order, so `9:*` holds the largest
    /// number even if that is 5.
    pub(super) fn holds(&self, number: u32, largest: u32) -> bool {
        self.0.iter().any(|(from, to)| {
            let (from, to) = (from.unwrap_or(largest), to.unwrap_or(largest));
            (from.min(to)..=from.max(to)).contains(&number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_they_name() {
        let held = |text: &str| -> Vec<u32> {
            let set = Set::parse(text).unwrap();
            (1..=5).filter(|number| set.holds(*number, 5)).collect()
        };
        assert_eq!(held("1,3:4"), [1, 3, 4]);
        assert_eq!(held("4:2"), [2, 3, 4]);
        assert_eq!(held("*"), [5]);
        assert_eq!(held("9:*"), [5]);
        assert_eq!(held("1:4294967295"), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", "0", "1,", "1:2:3", "a", "-1", "+1", "4294967296", "1:"] {
            assert_eq!(Set::parse(text), None, "{text:?}");
        }
    }
}
