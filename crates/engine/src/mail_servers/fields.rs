//! The fields of a mail server: what may stand in each of them, and which go together.

use outlink_model::Timestamp;
use outlink_model::mail_server::{After, Direction, MailServer, Protocol, Security, Take};
use outlink_model::problem::Problem;

use super::{MailServerDraft, preset};
use crate::deliveries::is_address;
use crate::{Settings, links};

/// Folders that one server may have.
const MOST_FOLDERS: usize = 20;
/// What stands at the place of a name in an address of the API.
const RESERVED: &str = "test";
/// The folder that every mailbox has.
pub(super) const INBOX: &str = "INBOX";

/// Lays what was entered over a server as it was (edit) or as one begins (create). How it signs in is not looked at.
///
/// # Errors
/// A [`Problem`] at the first field that is wrong.
pub(super) fn lay_over(
    base: &MailServer,
    draft: &MailServerDraft,
    settings: &Settings,
    now: Timestamp,
) -> Result<MailServer, Problem> {
    let draft = &preset::fill_in(draft, base.protocol)?;
    let mut server = base.clone();
    if let Some(name) = &draft.name {
        server.name = links::name("name", name)?;
        if server.name != base.name {
            links::not_reserved("name", &server.name, RESERVED)?;
        }
    }
    if let Some(text) = &draft.description {
        server.description = description(text)?;
    }
    server.protocol = draft.protocol.unwrap_or(base.protocol);
    server.direction = direction(base, draft.direction, server.protocol)?;
    server.security = draft.security.unwrap_or(base.security);
    if let Some(text) = &draft.host {
        server.host = host("host", text)?;
    }
    // A port that was the usual one stays so.
    let usual = server.protocol.usual_port(server.security);
    let was_usual = base.port == base.protocol.usual_port(base.security);
    server.port = port(draft.port.unwrap_or(if was_usual { usual } else { base.port }), usual)?;
    if let Some(text) = &draft.mailbox {
        server.mailbox = mailbox(text)?;
    }
    if let Some(names) = &draft.folders {
        server.folders = folders(names)?;
    }
    server.after = draft.after.clone().unwrap_or_else(|| base.after.clone());
    if let Some(take) = draft.take {
        server.take = taken(take, now)?;
    }
    server.poll_seconds = poll_seconds(draft.poll_seconds.unwrap_or(base.poll_seconds))?;
    server.idle = draft.idle.unwrap_or(base.idle);
    if let Some(seconds) = draft.time_limit_seconds {
        server.time_limit_seconds = time_limit(seconds)?;
    }
    if let Some(text) = &draft.authserv_id {
        server.authserv_id = authserv_id(text)?;
    }
    links::required("host", "The host", &server.host)?;
    links::required("mailbox", "The mailbox", &server.mailbox)?;
    if server.direction == Direction::Outgoing {
        only_sends(base, &server)?;
    }
    go_together(&mut server, settings)?;
    Ok(server)
}

/// What no field says by itself.
fn go_together(server: &mut MailServer, settings: &Settings) -> Result<(), Problem> {
    if server.security == Security::None && !settings.allows_unencrypted(&server.host) {
        return Err(Problem::invalid(
            "security",
            "unencrypted_not_allowed",
            format!("A connection to {} that is not encrypted is not allowed.", server.host),
            format!(
                "Choose tls or starttls. Where the server offers neither, the operator can name {} under \
                 mail.unencrypted_hosts in the configuration; then a password may go there in the clear, never a grant.",
                server.host
            ),
        ));
    }
    let pop3 = server.protocol == Protocol::Pop3;
    if pop3 && !matches!(server.folders.as_slice(), [only] if only == INBOX) {
        return Err(Problem::invalid(
            "folders",
            "folders_need_imap",
            "By POP3 there is one folder alone, INBOX.",
            "Leave the folders out or name INBOX, or choose the protocol imap.",
        ));
    }
    if let After::Move(to) = &server.after {
        let to = to.trim().to_owned();
        if pop3 {
            return Err(Problem::invalid(
                "after",
                "move_needs_imap",
                "By POP3 a message cannot be moved to a folder.",
                "Choose keep or delete, or the protocol imap.",
            ));
        }
        if to.is_empty() {
            return Err(Problem::invalid(
                "move_to",
                "missing",
                "The folder is missing that handled messages are moved to.",
                "Name one that exists on the mail server, like Archive.",
            ));
        }
        let to = folder("move_to", &to)?;
        if server.folders.contains(&to) {
            return Err(Problem::invalid(
                "move_to",
                "move_to_is_fetched",
                format!("Messages would be moved to {to}, which they are fetched from."),
                "Name a folder that is not fetched from.",
            ));
        }
        server.after = After::Move(to);
    }
    Ok(())
}

/// The direction follows from the protocol, and never changes: what was fetched stands in the ledger under this server,
/// and what was sent under deliveries.
fn direction(
    base: &MailServer,
    named: Option<Direction>,
    protocol: Protocol,
) -> Result<Direction, Problem> {
    let direction = protocol.direction();
    let of = |protocol: Protocol| {
        format!("{} is for {} mail", protocol.as_str().to_uppercase(), protocol.direction())
    };
    if direction != base.direction {
        return Err(Problem::invalid(
            "protocol",
            "direction_fixed",
            format!("{}, and {}: one cannot become the other.", of(base.protocol), of(protocol)),
            "Leave the protocol as it is, and add another mail server for the other direction.",
        ));
    }
    if named.is_some_and(|named| named != direction) {
        return Err(Problem::invalid(
            "direction",
            "direction_of_protocol",
            format!("{}.", of(protocol)),
            "Leave the direction out, since it follows from the protocol: smtp sends, imap and pop3 fetch.",
        ));
    }
    Ok(direction)
}

/// Nothing is fetched from a server that only sends, so what says how means nothing there; and its mailbox is the address
/// that mail comes from.
fn only_sends(base: &MailServer, server: &MailServer) -> Result<(), Problem> {
    let of_fetching = [
        ("folders", base.folders != server.folders),
        ("after", base.after != server.after),
        ("take", base.take != server.take),
        ("poll_seconds", base.poll_seconds != server.poll_seconds),
        ("idle", base.idle != server.idle),
        ("authserv_id", base.authserv_id != server.authserv_id),
    ];
    if let Some((field, _)) = of_fetching.into_iter().find(|(_, differs)| *differs) {
        return Err(Problem::invalid(
            field,
            "field_of_incoming",
            "This says how mail is fetched, and nothing is fetched from a server that sends.",
            "Leave it out; it belongs to the incoming mail server.",
        ));
    }
    if is_address(&server.mailbox) {
        return Ok(());
    }
    Err(Problem::invalid(
        "mailbox",
        "mailbox_unusable",
        format!("Mail cannot come from {:?}.", server.mailbox),
        "Write the account's address, like support@example.org: it stands in From.",
    ))
}

fn description(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() <= 1000
        && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\r')
    {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid(
        "description",
        "description_unusable",
        "The description is longer than 1000 characters or holds a control character.",
        "Say in a sentence or two what the mail server is for.",
    ))
}

/// A host name or address, in lower case and without brackets.
///
/// # Errors
/// A [`Problem`] at `field`.
pub(crate) fn host(field: &'static str, text: &str) -> Result<String, Problem> {
    let host = links::required(field, "The host", text)?.to_ascii_lowercase();
    let legal = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // A colon stands in IPv6 addresses alone.
    let port = host.contains(':') && bare.parse::<std::net::Ipv6Addr>().is_err();
    if legal && !port && !bare.is_empty() && host.len() <= 253 {
        return Ok(bare.to_owned());
    }
    Err(Problem::invalid(
        field,
        "host_unusable",
        format!("{host:?} is no host name."),
        "Write the host alone, like imap.example.org: no https://, no port, no path.",
    ))
}

fn port(port: u16, usual: u16) -> Result<u16, Problem> {
    match port {
        0 => Err(Problem::invalid(
            "port",
            "port_unusable",
            "The port is 0.",
            format!("For this protocol and security it is usually {usual}."),
        )),
        port => Ok(port),
    }
}

fn mailbox(text: &str) -> Result<String, Problem> {
    let mailbox = links::required("mailbox", "The mailbox", text)?;
    // The address goes into the sign-in as it is; a control character would end it early.
    if mailbox.len() > 320 || mailbox.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "mailbox",
            "mailbox_unusable",
            "The mailbox is no e-mail address.",
            "Write the account's address, like support@example.org.",
        ));
    }
    Ok(mailbox)
}

fn folders(texts: &[String]) -> Result<Vec<String>, Problem> {
    let mut folders: Vec<String> = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let folder = folder("folders", text)?;
        if folders.contains(&folder) {
            return Err(Problem::invalid(
                "folders",
                "folder_twice",
                format!("The folder {folder} is named twice."),
                "Name each folder once.",
            ));
        }
        folders.push(folder);
    }
    if folders.len() > MOST_FOLDERS {
        return Err(Problem::invalid(
            "folders",
            "folders_too_many",
            format!("{} folders are named; one mail server takes {MOST_FOLDERS}.", folders.len()),
            "Make another mail server for the others.",
        ));
    }
    if folders.is_empty() {
        folders.push(INBOX.to_owned());
    }
    Ok(folders)
}

fn folder(field: &'static str, text: &str) -> Result<String, Problem> {
    if text.len() > 1000 || text.chars().any(char::is_control) {
        return Err(Problem::invalid(
            field,
            "folder_unusable",
            "The folder's name is too long or holds a control character.",
            "Write it as your mail program shows it, like INBOX or INBOX/Support.",
        ));
    }
    // This one name is the same in upper and lower case (RFC 9051 §5.1).
    Ok(if text.eq_ignore_ascii_case(INBOX) { INBOX.to_owned() } else { text.to_owned() })
}

fn taken(take: Take, now: Timestamp) -> Result<Take, Problem> {
    match take {
        Take::Since(since) if since > now => Err(Problem::invalid(
            "since",
            "since_in_future",
            "The time since which mail is taken lies in the future.",
            "Choose one that has passed, or take `new`.",
        )),
        take => Ok(take),
    }
}

fn poll_seconds(seconds: u32) -> Result<u32, Problem> {
    match seconds {
        2..=86_400 => Ok(seconds),
        seconds => Err(Problem::invalid(
            "poll_seconds",
            "poll_seconds_unusable",
            format!("{seconds} seconds between two polls is not possible."),
            "Choose between 2 seconds and a day (86400).",
        )),
    }
}

fn time_limit(seconds: u32) -> Result<u32, Problem> {
    match seconds {
        1..=60 => Ok(seconds),
        seconds => Err(Problem::invalid(
            "time_limit_seconds",
            "time_limit_unusable",
            format!("{seconds} seconds are no time limit for an answer."),
            "Choose between 1 and 60 seconds; 60 is usual.",
        )),
    }
}

/// A word as it stands in front of Authentication-Results (RFC 8601 §2.2).
fn authserv_id(text: &str) -> Result<Option<String>, Problem> {
    let text = text.trim();
    let legal = text.bytes().all(|b| b.is_ascii_graphic() && !b"\";,()<>".contains(&b));
    if legal && text.len() <= 255 {
        return Ok((!text.is_empty()).then(|| text.to_owned()));
    }
    Err(Problem::invalid(
        "authserv_id",
        "authserv_id_unusable",
        "The authserv-id is no single word.",
        "Copy what stands first after `Authentication-Results:` in a mail of this mailbox, like mx.google.com; `*` takes \
         the topmost one, whoever wrote it.",
    ))
}

/// The fields that differ, by their names in the API. Their values are not told: some are secret.
pub(super) fn changed(before: &MailServer, after: &MailServer) -> Vec<&'static str> {
    let (b, a) = (before, after);
    let fields = [
        ("name", b.name != a.name),
        ("description", b.description != a.description),
        ("protocol", b.protocol != a.protocol),
        ("security", b.security != a.security),
        ("host", b.host != a.host),
        ("port", b.port != a.port),
        ("mailbox", b.mailbox != a.mailbox),
        ("folders", b.folders != a.folders),
        ("after", b.after != a.after),
        ("take", b.take != a.take),
        ("poll_seconds", b.poll_seconds != a.poll_seconds),
        ("idle", b.idle != a.idle),
        ("time_limit_seconds", b.time_limit_seconds != a.time_limit_seconds),
        ("authserv_id", b.authserv_id != a.authserv_id),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
