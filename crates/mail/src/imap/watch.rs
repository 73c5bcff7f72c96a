//! What the server has told of new messages between listings. Pure.

/// Counts what is in the open folder, as far as the server tells.
///
/// A number that only says again what is known, or less, is no news: servers repeat it to keep a connection alive and
/// after messages were removed.
#[derive(Debug, Default)]
pub(super) struct Watch {
    exists: u32,
    recent: u32,
    has_news: bool,
}

impl Watch {
    /// So many messages are there.
    pub(super) fn exists(&mut self, messages: u32) {
        self.has_news |= messages > self.exists;
        self.exists = messages;
    }

    /// So many messages have come since somebody last looked.
    pub(super) fn recent(&mut self, messages: u32) {
        self.has_news |= messages > self.recent;
        self.recent = messages;
    }

    /// One message was removed.
    pub(super) fn expunged(&mut self) {
        self.exists = self.exists.saturating_sub(1);
    }

    /// All that was told of so far is known, or about to be asked for.
    pub(super) fn settle(&mut self) {
        self.has_news = false;
    }

    /// Whether messages were told of that no listing can have shown.
    pub(super) fn has_news(&self) -> bool {
        self.has_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of three messages, two of them recent.
    fn opened() -> Watch {
        let mut watch = Watch::default();
        watch.exists(3);
        watch.recent(2);
        watch.settle();
        watch
    }

    #[test]
    fn more_messages_are_news_and_as_many_or_fewer_are_none() {
        for (exists, is_news) in [(4, true), (3, false), (2, false), (0, false)] {
            let mut watch = opened();
            watch.exists(exists);
            assert_eq!(watch.has_news(), is_news, "{exists}");
        }
        let mut watch = opened();
        watch.recent(2);
        assert!(!watch.has_news());
        watch.recent(3);
        assert!(watch.has_news());
    }

    #[test]
    fn one_that_comes_while_another_goes_is_news() {
        let mut watch = opened();
        watch.expunged();
        assert!(!watch.has_news());
        watch.exists(3);
        assert!(watch.has_news());
        watch.settle();
        assert!(!watch.has_news());
        let mut empty = Watch::default();
        empty.expunged();
        empty.exists(1);
        assert!(empty.has_news());
    }
}
