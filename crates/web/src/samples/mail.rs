//! Sample pages of handlers, messages, issues and senders.

use minijinja::value::Value;
use outlink_model::delivery::{DeliveryKind, DeliveryState};
use outlink_model::handler::HandlerType;
use outlink_model::message::{Authentication, Outcome};
use outlink_model::tracker::{IssueStatus, Priority};

use super::{HOSTILE, failure, forms, picker, sample, trouble, when};
use crate::console::handlers::{
    Fact, HandlerDeletePage, HandlerPage, HandlerRow, HandlersPage, ServerRef, does,
};
use crate::console::link_edit::Difference;
use crate::console::{deliveries, handler_form, issues, messages, sender_rules, trial};
use crate::form::choice;
use crate::words::{self, priority_words};

fn server() -> ServerRef {
    ServerRef { id: "1".into(), href: "/mail-servers/1".into(), name: HOSTILE.into() }
}

pub(super) fn lists() -> Vec<(&'static str, Value)> {
    let next = || Some("/next?after=1".to_owned());
    let handler = |first: bool| HandlerRow {
        href: "/handlers/1".into(),
        name: HOSTILE.into(),
        mail_server: HOSTILE.into(),
        mail_server_href: "/mail-servers/1".into(),
        project: "SUP".into(),
        does: does(HandlerType::CreateOrComment),
        badge: words::DISABLED,
        created_at: when(),
        may_up: !first,
        may_down: !first,
    };
    let handlers = |of: bool, full: bool| HandlersPage {
        mail_server: of.then(server),
        items: if full { vec![handler(true), handler(false)] } else { vec![] },
        next: next().filter(|_| full && !of),
    };
    let mut all = Vec::new();
    for of in [true, false] {
        all.extend([true, false].map(|full| sample("handlers.html", handlers(of, full))));
    }
    let issue = |full: bool| issues::IssueRow {
        href: "/issues/SUP-1".into(),
        key: "SUP-1".into(),
        summary: HOSTILE.into(),
        issue_type: HOSTILE.into(),
        priority: full.then(|| priority_words(Priority::High)),
        labels: if full { vec![HOSTILE.into()] } else { vec![] },
        badge: words::issue_badge(IssueStatus::Open),
        reporter: HOSTILE.into(),
        assignee: full.then(|| HOSTILE.into()),
        comments: 3,
        updated_at: when(),
    };
    let items = vec![issue(true), issue(false)];
    let project = Some(HOSTILE.to_owned());
    all.push(sample("issues.html", issues::IssuesPage { project, items, next: next() }));
    let none = issues::IssuesPage { project: None, items: vec![], next: None };
    all.push(sample("issues.html", none));
    all.extend([true, false].map(|full| sample("messages.html", messages_page(full))));
    let section = |full: bool| sender_rules::Section {
        heading: "Refused senders",
        about: "Their mail is rejected.",
        items: match full {
            true => vec![sender_rules::RuleRow {
                href: "/sender-rules/1".into(),
                rule: HOSTILE.into(),
                created_at: when(),
            }],
            false => vec![],
        },
        next: next().filter(|_| full),
    };
    for form in forms(&sender_rules::blank(), "rule") {
        let page = sender_rules::SenderRulesPage {
            form: form.with("rule", HOSTILE),
            choices: sender_rules::choices(),
            sections: vec![section(true), section(false)],
        };
        all.push(sample("sender_rules.html", page));
    }
    all
}

fn messages_page(full: bool) -> messages::MessagesPage {
    let query = messages::MessagesQuery {
        text: full.then(|| HOSTILE.into()),
        ..messages::MessagesQuery::default()
    };
    let row = |full: bool| messages::MessageRow {
        href: "/messages/1".into(),
        from: if full { HOSTILE.into() } else { String::new() },
        subject: HOSTILE.into(),
        badge: words::outcome_badge(Outcome::Quarantined),
        doubt: issues::doubt(if full { Authentication::Fail } else { Authentication::None }),
        issue: full.then(|| "SUP-1".into()),
        reason: full.then(|| HOSTILE.into()),
        mail_server: HOSTILE.into(),
        handler: full.then(|| HOSTILE.into()),
        received_at: when(),
    };
    let fields =
        ["mail_server", "handler", "project", "outcome", "sender", "text", "since", "until"];
    let blank = crate::form::Form::new(&fields.map(|name| (name, HOSTILE)));
    messages::MessagesPage {
        ways: messages::ways(&query),
        filtered: full,
        more_open: full,
        form: forms(&blank, "since")[usize::from(full)].clone(),
        mail_servers: picker(full).or("any"),
        handlers: picker(full).or("any"),
        projects: picker(full).or("any"),
        outcomes: messages::outcomes(),
        items: if full { vec![row(true), row(false)] } else { vec![] },
        next: Some("/next?after=1".to_owned()),
    }
}

fn message(full: bool) -> messages::MessagePage {
    messages::MessagePage {
        notice: full.then(|| HOSTILE.into()),
        failure: full.then(failure),
        href: "/messages/1".into(),
        from: if full { HOSTILE.into() } else { String::new() },
        subject: HOSTILE.into(),
        badge: words::outcome_badge(if full { Outcome::Quarantined } else { Outcome::Commented }),
        authentication: words::authentication_badge(Authentication::Fail),
        authentication_words: words::authentication_words(Authentication::Fail),
        issue: full.then(|| "SUP-1".into()),
        reason: full.then(|| HOSTILE.into()),
        handler: full.then(|| HOSTILE.into()),
        handler_href: Some("/handlers/1".into()),
        mail_server: HOSTILE.into(),
        mail_server_href: "/mail-servers/1".into(),
        folder: HOSTILE.into(),
        uid: 7,
        told: HOSTILE.into(),
        message_id: full.then(|| HOSTILE.into()),
        internal_date: when(),
        received_at: when(),
        size: words::size(1),
        raw_href: full.then(|| "/messages/1/raw".into()),
        no_raw: full.then(failure),
        deliveries: if full { vec![delivery_row(true), delivery_row(false)] } else { vec![] },
        may_replay: full,
    }
}

pub(super) fn delivery_row(full: bool) -> deliveries::DeliveryRow {
    let state = if full { DeliveryState::Failed } else { DeliveryState::Sent };
    deliveries::DeliveryRow {
        href: "/deliveries/1".into(),
        kind: words::delivery_word(DeliveryKind::Forward),
        to: HOSTILE.into(),
        subject: HOSTILE.into(),
        badge: words::delivery_badge(state, full),
        since: when(),
        reason: full.then(|| HOSTILE.into()),
        may_retry: full,
        may_delete: full,
    }
}

fn delivery(full: bool) -> deliveries::DeliveryPage {
    deliveries::DeliveryPage {
        failure: full.then(failure),
        row: delivery_row(full),
        trouble: full.then(trouble),
        by_server: full,
        refused: u32::from(full),
        unanswered: 0,
        next_at: full.then(when),
        mail_server: if full { HOSTILE.into() } else { String::new() },
        mail_server_href: full.then(|| "/mail-servers/1".into()),
        handler: full.then(|| HOSTILE.into()),
        handler_href: full.then(|| "/handlers/1".into()),
        message_href: full.then(|| "/messages/1".into()),
        issue: Some("SUP-1".into()),
        text: HOSTILE.into(),
        mail_id: HOSTILE.into(),
        in_reply_to: full.then(|| HOSTILE.into()),
        created_at: when(),
        waits: full,
    }
}

fn deliveries_page(full: bool, filtered: bool) -> deliveries::DeliveriesPage {
    deliveries::DeliveriesPage {
        ways: deliveries::ways(&deliveries::DeliveriesQuery::default(), None),
        is_part: filtered,
        filtered,
        items: if full { vec![delivery_row(true), delivery_row(false)] } else { vec![] },
        next: full.then(|| "/next?after=1".to_owned()),
    }
}

fn entry(kind: issues::Kind, body: &str, full: bool) -> issues::Entry {
    issues::Entry {
        kind,
        author: HOSTILE.into(),
        created_at: when(),
        doubt: issues::doubt(if full { Authentication::Fail } else { Authentication::Pass }),
        message_href: full.then(|| "/messages/1".into()),
        raw_href: full.then(|| "/messages/1/raw".into()),
        body: body.into(),
        files: match full {
            true => vec![issues::FileRow {
                href: "/attachments/1".into(),
                name: HOSTILE.into(),
                media_type: HOSTILE.into(),
                size: words::size(2048),
            }],
            false => vec![],
        },
    }
}

fn issue(full: bool) -> issues::IssuePage {
    let hostile = || if full { vec![HOSTILE.to_owned()] } else { vec![] };
    issues::IssuePage {
        href: "/issues/SUP-1".into(),
        key: "SUP-1".into(),
        former_keys: hostile(),
        project: "SUP".into(),
        summary: HOSTILE.into(),
        badge: words::issue_badge(IssueStatus::Resolved),
        resolved: full,
        issue_type: HOSTILE.into(),
        priority: full.then(|| priority_words(Priority::Lowest)),
        labels: hostile(),
        reporter: HOSTILE.into(),
        assignee: full.then(|| HOSTILE.into()),
        watchers: hostile(),
        created_at: when(),
        updated_at: when(),
        deliveries: if full { vec![delivery_row(true)] } else { vec![] },
        entries: vec![
            entry(issues::Kind::Written, HOSTILE, full),
            entry(issues::Kind::Report, HOSTILE, full),
            entry(issues::Kind::Written, "", false),
        ],
        projects: picker(full),
        form: forms(&issues::blank(), "project")[usize::from(full)].clone(),
    }
}

fn handler(full: bool) -> HandlerPage {
    HandlerPage {
        id: "1".into(),
        href: "/handlers/1".into(),
        name: HOSTILE.into(),
        badge: words::ENABLED,
        enabled: full,
        mail_server: server(),
        place: 1,
        of: if full { 2 } else { 1 },
        project: "SUP".into(),
        does: does(HandlerType::Create),
        facts: vec![Fact { label: "Trusts", text: HOSTILE.into() }],
        created_at: when(),
        updated_at: when(),
    }
}

fn trial_row(full: bool) -> trial::TrialRow {
    trial::TrialRow {
        from: if full { HOSTILE.into() } else { String::new() },
        subject: HOSTILE.into(),
        date: full.then(when),
        badge: words::outcome_badge(Outcome::Created),
        authentication: words::authentication_badge(Authentication::Pass),
        issue: Some(HOSTILE.into()),
        issue_href: full.then(|| "/issues/SUP-1".into()),
        handler: full.then(|| HOSTILE.into()),
        reason: if full { HOSTILE.into() } else { String::new() },
        left: if full { vec![HOSTILE.into()] } else { vec![] },
        taken: full,
        text: if full { HOSTILE.into() } else { String::new() },
        attachments: if full { vec![HOSTILE.into()] } else { vec![] },
    }
}

pub(super) fn shown() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for full in [true, false] {
        all.push(sample("issue.html", issue(full)));
        all.push(sample("message.html", message(full)));
        all.push(sample("delivery.html", delivery(full)));
        all.extend([true, false].map(|of| sample("deliveries.html", deliveries_page(full, of))));
        all.push(sample("handler.html", handler(full)));
        let delete = HandlerDeletePage {
            href: "/handlers/1".into(),
            name: HOSTILE.into(),
            enabled: full,
            mail_server: HOSTILE.into(),
            is_last: full,
        };
        all.push(sample("handler_delete.html", delete));
    }
    all
}

pub(super) fn entered() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for (n, form) in forms(&handler_form::blank(), "split").into_iter().enumerate() {
        for full in [true, false] {
            let page = handler_form::HandlerFormPage {
                name: full.then(|| HOSTILE.into()),
                action: "/handlers".into(),
                back: "/handlers".into(),
                form: form.clone().with("updated_at", "1").with("catch", HOSTILE),
                differs: match n {
                    0 => vec![],
                    _ => vec![Difference { label: "Markers", now: HOSTILE.into() }],
                },
                mail_servers: picker(full || n == 1),
                outgoing: picker(full),
                sends_nothing: !full,
                projects: picker(full || n == 1),
                types: vec![choice("1", HOSTILE)],
                bulks: handler_form::bulks(),
                unauthenticated: handler_form::unauthenticated(),
            };
            all.push(sample("handler_form.html", page));
        }
    }
    for (n, form) in forms(&trial::blank(), "newest").into_iter().enumerate() {
        for trials in [None, Some(vec![]), Some(vec![trial_row(true), trial_row(false)])] {
            let page = trial::TrialPage {
                id: "1".into(),
                name: HOSTILE.into(),
                href: "/handlers/1".into(),
                mail_server: HOSTILE.into(),
                all: n == 0,
                at_work: n,
                largest: words::size(50 << 20),
                form: form.clone(),
                failure: trials.is_none().then(failure),
                trials,
            };
            all.push(sample("trial.html", page));
        }
    }
    all
}
