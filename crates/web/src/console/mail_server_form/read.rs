//! From what was typed to what the engine takes. A field that was not sent stays as it is.

use outlink_engine::mail_servers::{MailServerDraft, NewMailServer};
use outlink_model::mail_server::{After, Direction, Protocol, Security, Take};
use outlink_model::problem::Problem;

use super::preset::{Preset, is_left_over};
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::period;
use crate::form::{Fields, number};

/// A new mail server.
pub(crate) fn new_server(fields: &Fields) -> Result<NewMailServer, ApiError> {
    Ok(NewMailServer { draft: draft(fields)?, link: fields.optional("link") })
}

/// The fields of a mail server.
pub(crate) fn draft(fields: &Fields) -> Result<MailServerDraft, ApiError> {
    let preset = Preset::of(&fields.text("preset"));
    let whole = fields.sent("protocol");
    // What was filled in for another choice gives way to what this one says.
    let left_over = is_left_over(
        &fields.text("filled_by"),
        &fields.text("preset"),
        whole.as_deref().unwrap_or_default(),
        &fields.text("host"),
    );
    // Without another provider nothing takes its place: what stands in the form is what was meant.
    let gives_way = left_over && preset.is_some();
    let own = |name: &str| fields.optional(name).filter(|_| !gives_way);
    let host = fields.sent("host").filter(|_| !gives_way);
    let protocol: Option<Protocol> = optional_choice("protocol", whole.as_deref())?;
    let security: Option<Security> = optional_choice("security", own("security").as_deref())?;
    let port = match own("port") {
        Some(text) => Some(number("port", &text)?),
        // A provider says its own.
        None if preset.is_some() => None,
        // An emptied field would else leave the port that stands as it is.
        None => match (fields.sent("port"), protocol, security) {
            (Some(_), Some(protocol), Some(security)) => Some(protocol.usual_port(security)),
            _ => None,
        },
    };
    let all = MailServerDraft {
        name: fields.sent("name"),
        description: fields.sent("description"),
        direction: None,
        provider: preset.map(|preset| preset.kind),
        cloud: preset.and_then(|preset| preset.cloud),
        protocol,
        security,
        host,
        port,
        mailbox: fields.sent("mailbox"),
        grant: fields.optional("grant"),
        password: fields.secret("password"),
        folders: fields.sent("folders").map(|text| text.lines().map(str::to_owned).collect()),
        after: after(fields)?,
        take: take(fields)?,
        poll_seconds: optional_number("poll_seconds", fields)?,
        idle: fields.sent("poll_seconds").map(|_| fields.optional("idle").is_some()),
        time_limit_seconds: optional_number("time_limit_seconds", fields)?,
        authserv_id: fields.sent("authserv_id"),
    };
    Ok(match protocol.map(Protocol::direction) {
        // Chosen on a page that still asked how mail is fetched: that does not matter then.
        Some(Direction::Outgoing) => MailServerDraft {
            folders: None,
            after: None,
            take: None,
            poll_seconds: None,
            idle: None,
            authserv_id: None,
            ..all
        },
        Some(Direction::Incoming) | None => all,
    })
}

fn optional_number(name: &'static str, fields: &Fields) -> Result<Option<u32>, ApiError> {
    fields.optional(name).map(|text| number(name, &text)).transpose()
}

fn after(fields: &Fields) -> Result<Option<After>, Problem> {
    Ok(match fields.optional("after").as_deref() {
        None => None,
        Some("keep") => Some(After::Keep),
        Some("move") => Some(After::Move(fields.text("move_to"))),
        Some("delete") => Some(After::Delete),
        Some(other) => return Err(unknown("after", other, "keep, move, delete")),
    })
}

fn take(fields: &Fields) -> Result<Option<Take>, Problem> {
    Ok(match fields.optional("take").as_deref() {
        None => None,
        Some("new") => Some(Take::New),
        Some("all") => Some(Take::All),
        Some("since") => {
            let (since, _) = period(Some(&fields.text("since")), None)?;
            Some(Take::Since(since.ok_or_else(|| {
                Problem::invalid(
                    "since",
                    "missing",
                    "The day is missing since which mail is taken.",
                    "Write a date like 2027-01-31, or choose another way to begin.",
                )
            })?))
        }
        Some(other) => return Err(unknown("take", other, "new, all, since")),
    })
}

fn unknown(field: &'static str, given: &str, known: &str) -> Problem {
    Problem::invalid(
        field,
        "unknown_choice",
        format!("There is no such choice as {given:?}."),
        format!("Choose one of {known}."),
    )
}

#[cfg(test)]
mod tests {
    use outlink_model::provider::{Cloud, ProviderKind};

    use super::*;

    #[test]
    fn a_form_is_read_field_by_field() {
        let fields = Fields::of(&[
            ("preset", "microsoft/gcc_high"),
            ("filled_by", "microsoft/gcc_high imap"),
            ("protocol", "imap"),
            ("security", "tls"),
            ("host", "outlook.office365.us"),
            ("port", ""),
            ("folders", "INBOX\r\nSupport\r\n"),
            ("after", "move"),
            ("move_to", "Done"),
            ("take", "since"),
            ("since", "2026-10-01"),
            ("poll_seconds", ""),
            ("time_limit_seconds", "30"),
        ]);
        let draft = draft(&fields).unwrap();
        assert_eq!(
            (draft.provider, draft.cloud),
            (Some(ProviderKind::Microsoft), Some(Cloud::GccHigh))
        );
        assert_eq!((draft.host.as_deref(), draft.port), (Some("outlook.office365.us"), None));
        assert_eq!(draft.folders, Some(vec!["INBOX".to_owned(), "Support".to_owned()]));
        assert_eq!(draft.after, Some(After::Move("Done".to_owned())));
        let since = "2026-10-01T00:00:00Z".parse().unwrap();
        assert_eq!(draft.take, Some(Take::Since(since)));
        assert_eq!((draft.idle, draft.time_limit_seconds), (Some(false), Some(30)));
        assert_eq!(draft.poll_seconds, None);
    }

    #[test]
    fn another_provider_takes_the_place_of_what_was_filled_in() {
        let chosen = |host: &str| {
            let fields = Fields::of(&[
                ("preset", "yahoo"),
                ("filled_by", "google imap"),
                ("protocol", "imap"),
                ("security", "tls"),
                ("host", host),
                ("port", "993"),
            ]);
            draft(&fields).unwrap()
        };
        let followed = chosen("imap.gmail.com");
        assert_eq!((followed.host, followed.port, followed.security), (None, None, None));
        let typed = chosen("mail.example.org");
        assert_eq!((typed.host.as_deref(), typed.port), (Some("mail.example.org"), Some(993)));
    }

    #[test]
    fn without_a_provider_what_stands_in_the_form_is_kept_and_an_empty_port_is_the_usual_one() {
        let with_port = |port: &str| {
            let fields = Fields::of(&[
                ("preset", "custom"),
                ("filled_by", "google imap"),
                ("protocol", "imap"),
                ("security", "starttls"),
                ("host", "imap.gmail.com"),
                ("port", port),
            ]);
            let draft = draft(&fields).unwrap();
            assert_eq!(draft.host.as_deref(), Some("imap.gmail.com"));
            assert_eq!(draft.security, Some(Security::StartTls));
            draft.port
        };
        assert_eq!((with_port("1143"), with_port("")), (Some(1143), Some(143)));
        assert_eq!(draft(&Fields::of(&[("name", "Inbox")])).unwrap().port, None);
    }

    #[test]
    fn for_mail_that_goes_out_nothing_is_said_of_fetching() {
        let fields = Fields::of(&[
            ("preset", "custom"),
            ("protocol", "smtp"),
            ("security", "starttls"),
            ("host", "smtp.example.org"),
            ("port", ""),
            ("folders", "INBOX"),
            ("after", "keep"),
            ("take", "new"),
            ("poll_seconds", "60"),
            ("idle", "yes"),
            ("time_limit_seconds", "30"),
            ("authserv_id", "mx.example.org"),
        ]);
        let draft = draft(&fields).unwrap();
        assert_eq!((draft.protocol, draft.port), (Some(Protocol::Smtp), Some(587)));
        assert_eq!((draft.folders, draft.after, draft.take), (None, None, None));
        assert_eq!((draft.poll_seconds, draft.idle, draft.authserv_id), (None, None, None));
        assert_eq!(draft.time_limit_seconds, Some(30));
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let wrong = |pairs: &[(&str, &str)]| draft(&Fields::of(pairs)).unwrap_err().field;
        assert_eq!(wrong(&[("take", "since"), ("since", "")]).as_deref(), Some("since"));
        assert_eq!(wrong(&[("take", "since"), ("since", "soon")]).as_deref(), Some("since"));
        assert_eq!(wrong(&[("take", "some")]).as_deref(), Some("take"));
        assert_eq!(wrong(&[("after", "burn")]).as_deref(), Some("after"));
        assert_eq!(wrong(&[("port", "no")]).as_deref(), Some("port"));
        assert_eq!(wrong(&[("protocol", "nntp")]).as_deref(), Some("protocol"));
    }
}
