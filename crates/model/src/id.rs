//! Ids: one type for each noun, so that a grant's id cannot be passed where a link's is wanted.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A link: our registration at a provider.
    LinkId,
    /// A client secret, or a key in its place.
    ClientSecretId,
    /// A consent that is asked for and not yet given.
    ConsentId,
    /// A grant: a consent that stands under a link.
    GrantId,
    /// A mail server, incoming or outgoing.
    MailServerId,
    /// A stretch of fetching from a mail server that went one way.
    ConnectionId,
    /// A handler of incoming messages.
    HandlerId,
    /// A line of the lists of senders that hold for all handlers.
    SenderRuleId,
    /// A ledger row of one received message.
    MessageId,
    /// One mail on its way out.
    DeliveryId,
    /// A project of the built-in tracker.
    ProjectId,
    /// An issue.
    IssueId,
    /// A comment on an issue.
    CommentId,
    /// A file that came with a message.
    AttachmentId,
    /// Somebody who wrote to us.
    PersonId,
    /// An administrator.
    UserId,
    /// An API token.
    TokenId,
    /// Something that happened.
    EventId,
    /// A place that events are sent to.
    WebhookId,
    /// One event on its way to one webhook.
    WebhookDeliveryId,
}
