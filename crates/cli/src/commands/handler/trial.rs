//! `outlink handler try`: what would become of mail, and why.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use crate::client::{Answer, LONG_TIME_LIMIT};
use crate::commands::Context;
use crate::print::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct Try {
    /// The handler that is tried by itself, by name or id
    #[arg(required_unless_present = "mail_server", conflicts_with = "mail_server")]
    name: Option<String>,
    /// Try all handlers of this mail server in their order, by name or id
    #[arg(long)]
    mail_server: Option<String>,
    /// Try the mail in this file, as it came from a server (RFC 5322)
    #[arg(long, value_name = "FILE", conflicts_with = "newest")]
    file: Option<PathBuf>,
    /// Try so many of the newest messages on the mail server, 10 where nothing is said; nothing is changed there
    #[arg(long, value_name = "N")]
    newest: Option<u32>,
}

pub(super) async fn run(context: &Context, of: &Try) -> anyhow::Result<()> {
    let (noun, named) = match (&of.name, &of.mail_server) {
        (Some(handler), _) => ("handlers", handler.as_str()),
        (None, server) => ("mail-servers", server.as_deref().unwrap_or_default()),
    };
    let path = [noun, named, "try"];
    let client = context.client()?;
    let answer = match &of.file {
        Some(file) => {
            let raw = std::fs::read(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            client.post_mail(&path, raw).await?
        }
        None => {
            let body = of.newest.map_or_else(|| json!({}), |count| json!({ "newest": count }));
            client.post_within(LONG_TIME_LIMIT, &path, &body).await?
        }
    };
    show(context, &answer);
    Ok(())
}

fn show(context: &Context, answer: &Answer) {
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&page(&answer.value)),
    }
}

/// The columns of the table; why stands below it, since a sentence is wider than a column.
const COLUMNS: [print::Column; 5] = [
    ("OUTCOME", "outcome"),
    ("ISSUE", "issue"),
    ("HANDLER", "handler"),
    ("FROM", "from"),
    ("SUBJECT", "subject"),
];

/// A table of what would become of each mail, and below it why.
fn page(answer: &Value) -> String {
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        return "There is no mail to try.".to_owned();
    }
    let mut page = print::table(items, &COLUMNS);
    for item in items {
        let reason = print::cell(&item["reason"]);
        let left = item["left"].as_array().map_or(&[][..], Vec::as_slice);
        if reason.is_empty() && left.is_empty() {
            continue;
        }
        page.push_str(&format!("\n\n{}:", print::cell(&item["subject"])));
        for one in left {
            page.push_str(&format!(
                "\n  left by {}: {}",
                print::cell(&one["handler"]),
                print::cell(&one["why"])
            ));
        }
        // What nobody takes has the reasons of all for its own.
        if !reason.is_empty() && item["outcome"] != "unhandled" {
            page.push_str(&format!("\n  {}: {reason}", print::cell(&item["outcome"])));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_says_what_would_become_of_each_mail_and_why() {
        let answer = json!({ "items": [
            { "outcome": "created", "issue": "SUP-1", "handler": "Support", "from": "Ada", "subject": "Broken",
              "reason": "", "left": [] },
            { "outcome": "rejected", "issue": null, "handler": "Support", "from": "Bob", "subject": "Away",
              "reason": "A machine wrote it: it says so.", "left": [{ "handler": "Sales", "why": "Not mine." }] },
            { "outcome": "unhandled", "issue": null, "handler": null, "from": "Eve", "subject": "Hi\u{1b}",
              "reason": "Not mine.", "left": [{ "handler": "Sales", "why": "Not mine." }] },
        ] });
        let expected = "OUTCOME    ISSUE  HANDLER  FROM  SUBJECT\n\
                        created    SUP-1  Support  Ada   Broken\n\
                        rejected          Support  Bob   Away\n\
                        unhandled                  Eve   Hi\n\n\
                        Away:\n  left by Sales: Not mine.\n  rejected: A machine wrote it: it says so.\n\n\
                        Hi :\n  left by Sales: Not mine.";
        assert_eq!(page(&answer), expected);
        assert_eq!(page(&json!({ "items": [] })), "There is no mail to try.");
    }
}
