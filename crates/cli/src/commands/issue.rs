//! `outlink issue`: issues with their comments and attachments.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::args::Page;
use crate::client::Answer;
use crate::commands::Context;
use crate::print::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List issues, the newest first
    List(List),
    /// Show one issue with its comments and attachments
    Show {
        /// Its key, like SUP-1
        key: String,
    },
    /// Move an issue to another project; it gets a new key, and mail with the former one still finds it
    Move {
        /// Its key, like SUP-1
        key: String,
        /// The other project, by key or id
        #[arg(long)]
        project: String,
    },
    /// Mark an issue as resolved
    Close {
        /// Its key, like SUP-1
        key: String,
    },
    /// Open a resolved issue again
    Reopen {
        /// Its key, like SUP-1
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this project, by key or id
    #[arg(long)]
    project: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// The columns of a list of issues.
pub(crate) const COLUMNS: [print::Column; 6] = [
    ("KEY", "key"),
    ("STATUS", "status"),
    ("COMMENTS", "comments"),
    ("REPORTER", "reporter_name"),
    ("CREATED", "created_at"),
    ("SUMMARY", "summary"),
];

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(List { project, page }) => {
            context.list(&["issues"], &page, &[("project", project.as_deref())], &COLUMNS).await
        }
        Command::Show { key } => {
            show(context, &context.client()?.get(&["issues", &key], &[]).await?);
            Ok(())
        }
        Command::Move { key, project } => {
            let body = json!({ "project": project });
            show(context, &context.client()?.post(&["issues", &key, "move"], &body).await?);
            Ok(())
        }
        Command::Close { key } => set_status(context, &key, "resolved").await,
        Command::Reopen { key } => set_status(context, &key, "open").await,
    }
}

async fn set_status(context: &Context, key: &str, status: &str) -> anyhow::Result<()> {
    let body = json!({ "status": status });
    show(context, &context.client()?.patch(&["issues", key], &body).await?);
    Ok(())
}

fn show(context: &Context, answer: &Answer) {
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&page(&answer.value)),
    }
}

/// An issue as a page of text.
pub(crate) fn page(issue: &Value) -> String {
    let text = |field: &str| print::cell(&issue[field]);
    let mut page = format!(
        "{}  {}\n{}, reported by {} at {}\n",
        text("key"),
        text("summary"),
        text("status"),
        text("reporter"),
        text("created_at"),
    );
    for (told, field) in
        [("Type", "type"), ("Priority", "priority"), ("Labels", "labels"), ("Assignee", "assignee")]
    {
        let value = text(field);
        if !value.is_empty() {
            page.push_str(&format!("{told}: {value}\n"));
        }
    }
    let watchers: Vec<String> = list(issue, "watchers").iter().map(print::cell).collect();
    if !watchers.is_empty() {
        page.push_str(&format!("Watchers: {}\n", watchers.join(", ")));
    }
    page.push_str(&format!("\n{}\n", body(&issue["description"], "")));
    for attachment in list(issue, "attachments") {
        let of = |field: &str| print::cell(&attachment[field]);
        page.push_str(&format!(
            "\nAttached: {} ({}, {} octets)",
            of("name"),
            of("type"),
            of("size")
        ));
    }
    for comment in list(issue, "comments") {
        page.push_str(&format!(
            "\n{}, {}:\n{}\n",
            print::cell(&comment["author"]),
            print::cell(&comment["created_at"]),
            body(&comment["body"], "  ")
        ));
    }
    page.trim_end().to_owned()
}

fn list<'a>(issue: &'a Value, field: &str) -> &'a [Value] {
    issue[field].as_array().map_or(&[][..], Vec::as_slice)
}

/// A text of several lines, each behind `indent`.
fn body(value: &Value, indent: &str) -> String {
    let text = print::clean_lines(value.as_str().unwrap_or_default());
    let lines = text.lines().map(|line| format!("{indent}{line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issue_reads_from_top_to_bottom() {
        let issue = json!({
            "key": "SUP-1", "summary": "It is broken", "status": "open", "created_at": "2026-01-01T00:00:00Z",
            "reporter": "Ada <ada@example.org>", "reporter_name": "Ada", "description": "One.\n\nTwo.",
            "comments": [{ "author": "Bob <bob@example.org>", "author_name": "Bob", "created_at": "2026-01-02T00:00:00Z", "body": "Mended.\n\u{1b}[2J" }],
            "attachments": [{ "name": "a.pdf", "type": "application/pdf", "size": 7 }],
        });
        let expected = "SUP-1  It is broken\nopen, reported by Ada <ada@example.org> at 2026-01-01T00:00:00Z\n\nOne.\n\nTwo.\n\n\
                        Attached: a.pdf (application/pdf, 7 octets)\n\
                        Bob <bob@example.org>, 2026-01-02T00:00:00Z:\n  Mended.\n   [2J";
        assert_eq!(page(&issue), expected);
    }

    #[test]
    fn what_is_known_of_an_issue_stands_above_its_text() {
        let issue = json!({
            "key": "SUP-1", "summary": "It is broken", "status": "open", "created_at": "now", "reporter": "Ada",
            "type": "Task", "priority": null, "labels": ["web", "urgent"], "assignee": "Bob <bob@example.org>",
            "watchers": ["Ada", "Eve <eve@example.org>"], "description": "One.",
        });
        let expected = "SUP-1  It is broken\nopen, reported by Ada at now\nType: Task\nLabels: web urgent\n\
                        Assignee: Bob <bob@example.org>\nWatchers: Ada, Eve <eve@example.org>\n\nOne.";
        assert_eq!(page(&issue), expected);
    }
}
