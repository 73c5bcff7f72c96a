//! Whether anything was written since: on SQLite, where one process has the rows to itself, an answer that was read is
//! exact until the next write. One kind is not counted: the record of hand-outs is written each second, and no answer that
//! is kept is about it.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Counts the writes, in the order in which they are made: there is one connection that writes.
#[derive(Default)]
pub(crate) struct Changes {
    begun: AtomicU64,
    /// The last that was answered.
    over: AtomicU64,
}

/// A write that is under way. One whose caller has left, or that failed, may be committed all the same: it is over when
/// a later one is, since the connection takes them one by one.
pub(crate) struct Change<'a> {
    of: &'a Changes,
    number: u64,
}

impl Changes {
    /// A statement that commits comes next. Called by whoever has the connection.
    pub(crate) fn begin(&self) -> Change<'_> {
        Change { of: self, number: self.begun.fetch_add(1, SeqCst) + 1 }
    }

    /// All that were begun are over. Called by whoever has the connection and was answered on it.
    pub(crate) fn settle(&self) {
        self.over.fetch_max(self.begun.load(SeqCst), SeqCst);
    }

    /// The number of the last write, unless one may be under way.
    pub(crate) fn epoch(&self) -> Option<u64> {
        // In this order, equality means that none was under way when the first was read.
        let over = self.over.load(SeqCst);
        (self.begun.load(SeqCst) == over).then_some(over)
    }
}

impl Change<'_> {
    /// It was committed, with all before it. Called before its caller is answered.
    pub(crate) fn end(self) {
        self.of.over.fetch_max(self.number, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_epoch_while_a_write_may_be_under_way() {
        let changes = Changes::default();
        let before = changes.epoch();
        assert_eq!(before, Some(0));
        let first = changes.begin();
        assert_eq!(changes.epoch(), None);
        first.end();
        assert_eq!(changes.epoch(), Some(1));
        let _left = changes.begin();
        assert_eq!(changes.epoch(), None, "its end is not known");
        let (third, fourth) = (changes.begin(), changes.begin());
        third.end();
        assert_eq!(changes.epoch(), None);
        fourth.end();
        assert_eq!(changes.epoch(), Some(4), "what came before it is over too");
        let (fifth, sixth) = (changes.begin(), changes.begin());
        sixth.end();
        fifth.end();
        assert_eq!(changes.epoch(), Some(6), "answers may come in any order");
        let _left = changes.begin();
        assert_eq!(changes.epoch(), None);
        changes.settle();
        assert_eq!(changes.epoch(), Some(7), "somebody else has the connection by now");
    }
}
