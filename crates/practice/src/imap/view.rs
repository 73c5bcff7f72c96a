//! A folder as one client knows it. Pure.

use super::sets::Set;

/// The UIDs of the messages that a client was told of; the place of each is its sequence number. What others remove
/// stays here until the client hears of it, since its numbers must not move under a command (RFC 3501 §7.4.1).
#[derive(Debug, Default)]
pub(super) struct View {
    uids: Vec<u32>,
    /// The largest UID that was ever in here.
    highest: u32,
}

impl View {
    pub(super) fn count(&self) -> usize {
        self.uids.len()
    }

    /// The messages in a set: sequence number and UID of each.
    pub(super) fn held(&self, set: &Set, by_uid: bool) -> Vec<(u32, u32)> {
        let (last_number, last_uid) = self.all().last().unwrap_or_default();
        let largest = if by_uid { last_uid } else { last_number };
        let all = self.all();
        all.filter(|(number, uid)| set.holds(if by_uid { *uid } else { *number }, largest))
            .collect()
    }

    /// All messages: sequence number and UID of each.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, u32)> {
        (1..).zip(self.uids.iter().copied())
    }

    /// Adds what has come in. Whether anything has.
    pub(super) fn add(&mut self, uids: impl Iterator<Item = u32>) -> bool {
        let before = self.uids.len();
        let highest = self.highest;
        self.uids.extend(uids.filter(|uid| *uid > highest));
        self.highest = self.uids.last().copied().unwrap_or(0).max(highest);
        self.uids.len() > before
    }

    /// Takes out what is gone. The sequence numbers to tell, from the last to the first, so that none moves another.
    pub(super) fn expunge(&mut self, is_left: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut gone: Vec<u32> =
            self.all().filter(|(_, uid)| !is_left(*uid)).map(|(number, _)| number).collect();
        self.uids.retain(|uid| is_left(*uid));
        gone.reverse();
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_added_and_what_is_gone_is_told_from_the_end() {
        let mut view = View::default();
        assert!(view.add([3, 5, 9].into_iter()));
        assert!(!view.add([3, 5, 9].into_iter()));
        assert_eq!(view.expunge(|uid| uid == 5), [3, 1]);
        // 9 was here before: it does not come back, even if somebody claims so.
        assert!(view.add([9, 10].into_iter()));
        assert_eq!(view.held(&Set::parse("1:*").unwrap(), false), [(1, 5), (2, 10)]);
        assert_eq!(view.held(&Set::parse("7:*").unwrap(), true), [(2, 10)]);
        assert_eq!(view.count(), 2);
    }
}
