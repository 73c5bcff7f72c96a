//! What is loaded once for all messages of a mail server: its handlers in their order, their expressions, what they send
//! through, the lists of senders, and the key that our own Message-IDs are known by.

use std::collections::HashMap;

use outlink_model::handler::{Handler, HandlerType, SenderLists};
use outlink_model::mail_server::MailServer;
use outlink_model::{HandlerId, MailServerId};
use regex::{Regex, RegexBuilder};

use crate::own_ids::OwnIds;
use crate::{Engine, Error, clock};

/// Octets that a compiled expression may take. The engine is linear in the text, so this is what bounds its cost.
const LARGEST_EXPRESSION: usize = 256 * 1024;

/// All that decides what becomes of a server's messages.
pub(crate) struct Handling {
    /// The handlers that are at work, in their order.
    pub(crate) handlers: Vec<Handler>,
    pub(super) lists: SenderLists,
    pub(super) own_ids: OwnIds,
    splits: HashMap<HandlerId, Vec<Regex>>,
    senders: HashMap<MailServerId, MailServer>,
}

impl Handling {
    /// The handler of this id.
    pub(super) fn handler(&self, id: Option<HandlerId>) -> Option<&Handler> {
        self.handlers.iter().find(|handler| Some(handler.id) == id)
    }

    /// The mail server that this handler sends through.
    pub(super) fn sender(&self, handler: &Handler) -> Option<&MailServer> {
        self.senders.get(&handler.outgoing_id?)
    }

    /// What of a text stands before the first place at which an expression of this handler matches: all of it where none
    /// does, or where nothing stands before it, since somebody may have written below.
    pub(super) fn before_marker<'t>(&self, handler: &Handler, text: &'t str) -> &'t str {
        let splits = self.splits.get(&handler.id).map(Vec::as_slice).unwrap_or_default();
        let first = splits.iter().filter_map(|split| split.find(text)).map(|found| found.start());
        let before = first.min().map(|start| &text[..start]);
        before.filter(|before| !before.trim().is_empty()).unwrap_or(text)
    }
}

/// Makes ready an expression that an administrator entered. `^` and `$` are the ends of lines, since mail is read by
/// lines.
///
/// # Errors
/// What is wrong with it, in the words of the engine.
pub(crate) fn expression(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .multi_line(true)
        .size_limit(LARGEST_EXPRESSION)
        .dfa_size_limit(LARGEST_EXPRESSION)
        .build()
        .map_err(|error| last_line(&error.to_string()))
}

/// The engine draws what is wrong in several lines, and says it in the last.
fn last_line(drawn: &str) -> String {
    let last = drawn.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

impl Engine {
    /// Loads what decides over a server's messages.
    pub(crate) async fn handling(&self, server: &MailServer) -> Result<Handling, Error> {
        let all = self.store().handlers_of_server(server.id).await?;
        self.handling_by(all.into_iter().filter(|handler| handler.enabled).collect()).await
    }

    /// The same with these handlers.
    pub(crate) async fn handling_by(&self, handlers: Vec<Handler>) -> Result<Handling, Error> {
        let mut splits = HashMap::new();
        for handler in &handlers {
            if handler.kind == HandlerType::CommentBeforeMarker {
                // They were checked when they were saved.
                let made = handler.settings.split.iter().filter_map(|text| expression(text).ok());
                splits.insert(handler.id, made.collect());
            }
        }
        let lists = self.store().sender_lists().await?;
        let own_ids = self.own_ids().await?;
        let senders = self.senders(&handlers).await?;
        Ok(Handling { handlers, lists, own_ids, splits, senders })
    }

    /// The servers that these handlers send through.
    async fn senders(
        &self,
        handlers: &[Handler],
    ) -> Result<HashMap<MailServerId, MailServer>, Error> {
        let mut senders = HashMap::new();
        for id in handlers.iter().filter_map(|handler| handler.outgoing_id) {
            if !senders.contains_key(&id)
                && let Some(server) = self.store().mail_server(id).await?
            {
                senders.insert(id, server);
            }
        }
        Ok(senders)
    }

    /// What our own Message-IDs are made and known by.
    pub(crate) async fn own_ids(&self) -> Result<OwnIds, Error> {
        Ok(OwnIds::new(&self.store().mail_key(&clock::random_text()?).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_that_would_blow_up_is_refused_and_others_cost_little() {
        assert!(expression("((((a{100}){100}){100}){100})").is_err());
        assert_eq!(expression("(unclosed").unwrap_err(), "unclosed group");
        assert!(expression(r"\bfoo(?=bar)").is_err(), "look-around is not offered");
        let text = "a".repeat(100_000);
        assert!(!expression("(a*)*b").unwrap().is_match(&text));
    }

    #[test]
    fn ends_of_lines_count() {
        let marker = expression("^-{4} Original Message -{4}$").unwrap();
        assert!(marker.is_match("new\n---- Original Message ----\nold"));
        assert!(!marker.is_match("new ---- Original Message ---- old"));
    }
}
