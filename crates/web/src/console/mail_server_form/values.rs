//! What the form for a mail server is filled in with.

use outlink_model::mail_server::{After, MailServer, Protocol, Security, Take};

use super::preset::{CUSTOM, filled_by, of_host};
use crate::form::{Fields, Form};

/// For a new one.
pub(crate) fn blank() -> Form {
    Form::new(&[
        ("preset", CUSTOM),
        ("filled_by", ""),
        ("name", ""),
        ("description", ""),
        ("mailbox", ""),
        ("protocol", Protocol::Imap.as_str()),
        ("security", Security::Tls.as_str()),
        ("host", ""),
        ("port", ""),
        ("link", ""),
        ("grant", ""),
        ("folders", ""),
        ("after", "keep"),
        ("move_to", ""),
        ("take", Take::New.as_str()),
        ("since", ""),
        ("poll_seconds", ""),
        ("idle", "yes"),
        ("time_limit_seconds", ""),
        ("authserv_id", ""),
    ])
}

/// For one that stands. What has its usual value is left empty where that says the same.
pub(super) fn filled(server: &MailServer) -> Form {
    let preset = of_host(&server.host, server.protocol);
    let usual = server.protocol.usual_port(server.security);
    let move_to = match &server.after {
        After::Move(folder) => folder.as_str(),
        After::Keep | After::Delete => "",
    };
    let since = match server.take {
        Take::Since(at) => at.to_string(),
        Take::New | Take::All => String::new(),
    };
    blank()
        .with("updated_at", server.updated_at.to_string())
        .with("mailbox_renamed", "")
        .with("filled_by", filled_by(&preset, server.protocol.as_str()))
        .with("preset", preset)
        .with("name", &server.name)
        .with("description", &server.description)
        .with("mailbox", &server.mailbox)
        .with("protocol", server.protocol.as_str())
        .with("security", server.security.as_str())
        .with("host", &server.host)
        .with("port", if server.port == usual { String::new() } else { server.port.to_string() })
        .with("folders", server.folders.join("\n"))
        .with("after", server.after.as_str())
        .with("move_to", move_to)
        .with("take", server.take.as_str())
        .with("since", since)
        .with("poll_seconds", server.poll_seconds.to_string())
        .with("idle", if server.idle { "yes" } else { "" })
        .with("time_limit_seconds", server.time_limit_seconds.to_string())
        .with("authserv_id", server.authserv_id.as_deref().unwrap_or_default())
}

/// The form with what was typed. A box that is not ticked is not sent.
pub(crate) fn typed(form: Form, fields: &Fields) -> Form {
    let form = form.typed(fields);
    // The box stands beside this field, and where nothing is fetched neither does.
    match fields.sent("poll_seconds") {
        Some(_) => form.ticked("idle", fields),
        None => form,
    }
}
