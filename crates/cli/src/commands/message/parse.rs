//! What is read in a mail, as a page of text. As JSON it is printed by the type that the mail crate has for it.

use outlink_mail::message::{Address, Parsed};
use outlink_model::tracker::Priority;

use crate::print;

/// The mail as a page: what was found in its head, then what its sender wrote, then the rest.
pub(super) fn page(mail: &Parsed) -> String {
    let mut page = String::new();
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            page.push_str(&format!("{name:12} {}\n", print::clean(text)));
        }
    };
    line("message id", mail.message_id.as_deref().unwrap_or_default());
    line("in reply to", &mail.in_reply_to.join(" "));
    line("references", &mail.references.join(" "));
    line("from", &mail.from.as_ref().map(person).unwrap_or_default());
    line("to", &people(&mail.to));
    line("cc", &people(&mail.cc));
    line("reply to", &people(&mail.reply_to));
    line("recipients", &mail.recipients.join(", "));
    line("subject", &mail.subject);
    line("date", &mail.date.map(|date| date.to_string()).unwrap_or_default());
    line("automatic", mail.machine.as_ref().map(|made| made.why.as_str()).unwrap_or_default());
    line("mailing list", mail.list_id.as_deref().unwrap_or_default());
    line("priority", mail.priority.map(Priority::as_str).unwrap_or_default());
    for found in &mail.authentication {
        let server =
            if found.server.is_empty() { "a server without a name" } else { &found.server };
        line("checked", &format!("{}, says {server}: {}", found.verdict, found.summary));
    }
    for one in mail.report.iter().flat_map(|report| &report.recipients) {
        line(
            "report",
            &format!("{} {} {} {}", one.address, one.action, one.status, one.diagnostic),
        );
    }
    line("keys", &mail.keys.join(" "));
    for part in &mail.attachments {
        line("attachment", &format!("{} ({}, {} octets)", part.name, part.media_type, part.size));
    }
    for (title, text) in [("what is new", &mail.reply), ("the rest", &mail.quoted)] {
        if !text.trim().is_empty() {
            page.push_str(&format!("\n-- {title} --\n{}\n", print::clean_lines(text.trim_end())));
        }
    }
    page.trim_end().to_owned()
}

fn people(addresses: &[Address]) -> String {
    addresses.iter().map(person).collect::<Vec<_>>().join(", ")
}

fn person(address: &Address) -> String {
    if address.name.is_empty() {
        address.address.clone()
    } else {
        format!("{} <{}>", address.name, address.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_what_is_new_before_the_rest() {
        let mail = Parsed {
            from: Some(Address { name: "Ada".into(), address: "ada@example.org".into() }),
            subject: "Re: SUP-1\u{1b}[2J".into(),
            reply: "It works now.".into(),
            quoted: "> Does it work?\n".into(),
            ..Parsed::default()
        };
        let expected = "from         Ada <ada@example.org>\nsubject      Re: SUP-1 [2J\n\n\
                        -- what is new --\nIt works now.\n\n-- the rest --\n> Does it work?";
        assert_eq!(page(&mail), expected);
    }
}
