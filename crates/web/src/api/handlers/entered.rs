//! A handler as it is entered: all of it for a new one, and what shall change for one that stands.

use outlink_engine::handlers::{HandlerEdit, NewHandler, SettingsDraft};
use outlink_model::Timestamp;
use outlink_model::handler::{HandlerSettings, HandlerType};
use outlink_model::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::choice::optional_choice;

/// Declares a body of its own fields and of the settings, which can be set and changed alike. Two lists that should be one
/// would drift apart, and serde cannot refuse unknown fields of a body whose parts are flattened into it.
macro_rules! handler_body {
    ($(#[$about:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty,)* }) => {
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        pub(super) struct $name {
            $($(#[$meta])* $field: $kind,)*
            /// `create_or_comment` (where it was never said), `comment_new_text`, `comment_whole`, `create` or
            /// `comment_before_marker`.
            r#type: Option<String>,
            /// Whether it is at work; `true` where it was never said.
            enabled: Option<bool>,
            /// The type of new issues; `Task` where it was never said.
            issue_type: Option<String>,
            /// Whether comments of `create_or_comment` are without quotes and signature; `true` where it was never said.
            strip_quotes: Option<bool>,
            /// Only mail to one of these addresses is taken, with any word behind a `+`; none (all mail) where it was never
            /// said.
            catch: Option<Vec<String>>,
            /// What becomes of machine-made mail: `ignore` (where it was never said), `forward`, `delete` or `accept`.
            bulk: Option<String>,
            /// Whether mail through mailing lists counts as machine-made; `false` where it was never said.
            bulk_lists: Option<bool>,
            /// Id or name of the outgoing mail server (its protocol is `smtp`) through which it sends what `forward_to` and
            /// `notify` ask for; empty for none.
            outgoing: Option<String>,
            /// Who gets the mail that this handler cannot process: one address; empty for nobody. It takes `outgoing`.
            forward_to: Option<String>,
            /// Whether a sender whom we do not know becomes a person; `true` where it was never said.
            create_persons: Option<bool>,
            /// The address in whose name mail of unknown senders is taken where no persons are created; empty for none.
            default_reporter: Option<String>,
            /// Whether persons who are created are told, by mail, which issue their message made; `false` where it was
            /// never said. It takes `outgoing`.
            notify: Option<bool>,
            /// Whether the first known person in To and Cc becomes the assignee of a new issue; `false` where it was never
            /// said.
            cc_assignee: Option<bool>,
            /// Whether the known persons in To and Cc become watchers of a new issue; `false` where it was never said.
            cc_watchers: Option<bool>,
            /// Regular expressions of markers for `comment_before_marker`; `^` and `$` are the ends of lines, and `/` around
            /// one is taken off.
            split: Option<Vec<String>>,
            /// Trusted senders: addresses, domains or patterns with `*`.
            allow: Option<Vec<String>>,
            /// Whether only mail of the senders in `allow` is taken; `false` where it was never said.
            only_allowed: Option<bool>,
            /// Senders whose mail is refused: addresses, domains or patterns with `*`.
            deny: Option<Vec<String>>,
            /// Whether a new issue gets the priority that the mail's headers say; `true` where it was never said.
            priority: Option<bool>,
            /// Whether words behind a `+` of the mailbox's address become labels or name the project; `false` where it was
            /// never said.
            sub_addresses: Option<bool>,
            /// Whether a key in the subject leads to its issue only for those who have a part in it; `true` where it was
            /// never said.
            only_involved: Option<bool>,
            /// What becomes of mail whose sender's domain does not stand behind it: `mark` (where it was never said),
            /// `accept` or `quarantine`.
            unauthenticated: Option<String>,
            /// Octets of the largest file that is attached; 26214400 (25 MiB) where it was never said.
            attachments_largest: Option<u64>,
            /// Files of one message that are attached at most; 100 where it was never said.
            attachments_most: Option<u32>,
            /// Media types that are not attached, like `video/*`.
            attachments_deny_types: Option<Vec<String>>,
            /// File names that are not attached, like `*.exe`.
            attachments_deny_names: Option<Vec<String>>,
            /// Whether pictures of signatures are attached too; `false` where it was never said.
            attachments_decorations: Option<bool>,
            /// Whether a comment opens a resolved issue again; `true` where it was never said.
            reopen: Option<bool>,
            /// Messages of one sender within an hour, beyond which they are quarantined; 500 where it was never said, 0 for
            /// no limit.
            sender_per_hour: Option<u32>,
            /// The same for one issue; 50 where it was never said.
            issue_per_hour: Option<u32>,
        }

        impl $name {
            fn kind(&self) -> Result<Option<HandlerType>, Problem> {
                optional_choice("type", self.r#type.as_deref())
            }

            fn settings(self) -> Result<SettingsDraft, Problem> {
                let unauthenticated = self.unauthenticated.as_deref();
                Ok(SettingsDraft {
                    issue_type: self.issue_type,
                    strip_quotes: self.strip_quotes,
                    catch: self.catch,
                    bulk: optional_choice("bulk", self.bulk.as_deref())?,
                    bulk_lists: self.bulk_lists,
                    forward_to: self.forward_to,
                    create_persons: self.create_persons,
                    default_reporter: self.default_reporter,
                    notify: self.notify,
                    cc_assignee: self.cc_assignee,
                    cc_watchers: self.cc_watchers,
                    split: self.split,
                    allow: self.allow,
                    only_allowed: self.only_allowed,
                    deny: self.deny,
                    priority: self.priority,
                    sub_addresses: self.sub_addresses,
                    only_involved: self.only_involved,
                    unauthenticated: optional_choice("unauthenticated", unauthenticated)?,
                    attachments_largest: self.attachments_largest,
                    attachments_most: self.attachments_most,
                    attachments_deny_types: self.attachments_deny_types,
                    attachments_deny_names: self.attachments_deny_names,
                    attachments_decorations: self.attachments_decorations,
                    reopen: self.reopen,
                    sender_per_hour: self.sender_per_hour,
                    issue_per_hour: self.issue_per_hour,
                })
            }
        }
    };
}

handler_body! {
    /// What a new handler is made of.
    #[schema(as = NewHandler)]
    NewHandlerBody {
        /// Unique, chosen by you.
        name: String,
        /// Id or name of the mail server whose messages it takes.
        mail_server: String,
        /// Id or key of the project that issues go to.
        project: String,
    }
}

handler_body! {
    /// What changes about a handler; what is left out stays.
    #[schema(as = HandlerEdit)]
    HandlerEditBody {
        /// Another name.
        name: Option<String>,
        /// Id or name of another mail server, whose last handler it becomes.
        mail_server: Option<String>,
        /// Id or key of another project.
        project: Option<String>,
        /// `updated_at` as it was seen: the change is refused where somebody else made one since.
        updated_at: Option<Timestamp>,
    }
}

impl NewHandlerBody {
    pub(super) fn read(self) -> Result<NewHandler, Problem> {
        Ok(NewHandler {
            outgoing: self.outgoing.clone(),
            name: self.name.clone(),
            mail_server: self.mail_server.clone(),
            project: self.project.clone(),
            kind: self.kind()?.unwrap_or(HandlerType::CreateOrComment),
            enabled: self.enabled.unwrap_or(true),
            settings: self.settings()?.over(HandlerSettings::default())?,
        })
    }
}

impl HandlerEditBody {
    pub(super) fn read(self) -> Result<HandlerEdit, Problem> {
        Ok(HandlerEdit {
            outgoing: self.outgoing.clone(),
            name: self.name.clone(),
            mail_server: self.mail_server.clone(),
            project: self.project.clone(),
            kind: self.kind()?,
            enabled: self.enabled,
            seen: self.updated_at,
            settings: self.settings()?,
        })
    }
}
