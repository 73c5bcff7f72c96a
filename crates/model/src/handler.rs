//! Handlers: what turns the messages of a mail server into issues and comments.

use crate::message::Facts;
use crate::{HandlerId, IssueId, MailServerId, ProjectId, Timestamp};

/// What a handler does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandlerType {
    /// A comment where the message belongs to an issue, a new issue otherwise.
    CreateOrComment,
}

crate::names!(HandlerType, "type", { CreateOrComment => "create_or_comment" });

/// What turns the messages of one incoming server into issues and comments.
#[derive(Clone, Debug)]
pub struct Handler {
    /// Its id.
    pub id: HandlerId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// Whose messages it handles.
    pub mail_server_id: MailServerId,
    /// Where new issues go.
    pub project_id: ProjectId,
    /// What it does.
    pub kind: HandlerType,
    /// Whether it is at work.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A new issue.
    Create,
    /// A comment on this issue.
    Comment(IssueId),
    /// Nothing, for this reason.
    Reject(String),
}

/// Decides what becomes of a message, from what is known about it.
///
/// | machine-made | belongs to an issue | becomes |
/// |---|---|---|
/// | yes | either | rejected: answering a machine is how loops begin |
/// | no | yes, by subject key, then In-Reply-To, then References | a comment |
/// | no | no | a new issue |
pub fn decide(kind: HandlerType, facts: &Facts) -> Decision {
    if let Some(why) = &facts.automatic {
        return Decision::Reject(why.clone());
    }
    match kind {
        HandlerType::CreateOrComment => {
            match facts.by_key.or(facts.by_in_reply_to).or(facts.by_references) {
                Some(issue) => Decision::Comment(issue),
                None => Decision::Create,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_subject_key_wins_then_in_reply_to_then_references() {
        let [key, parent, older] = [1, 2, 3].map(|n| Some(IssueId(Uuid::from_u128(n))));
        let facts = |by_key, by_in_reply_to, by_references| Facts {
            by_key,
            by_in_reply_to,
            by_references,
            automatic: None,
        };
        let became = |facts| decide(HandlerType::CreateOrComment, &facts);
        assert_eq!(became(facts(key, parent, older)), Decision::Comment(key.unwrap()));
        assert_eq!(became(facts(None, parent, older)), Decision::Comment(parent.unwrap()));
        assert_eq!(became(facts(None, None, older)), Decision::Comment(older.unwrap()));
        assert_eq!(became(facts(None, None, None)), Decision::Create);
    }

    #[test]
    fn a_machine_is_never_answered() {
        let facts =
            Facts { automatic: Some("it is an automatic reply".into()), ..Facts::default() };
        assert!(matches!(decide(HandlerType::CreateOrComment, &facts), Decision::Reject(_)));
    }
}
