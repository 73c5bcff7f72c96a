//! Sample pages of mail servers and channels.

use minijinja::value::Value;
use outlink_model::grant::GrantStateName;
use outlink_model::handler::HandlerType;
use outlink_model::message::Outcome;

use super::{HOSTILE, a_report, failure, forms, picker, sample, trouble, when};
use crate::console::channels::{self, ChannelRow, new::ChannelNewPage, purpose::PurposeFields};
use crate::console::filter::FilterLink;
use crate::console::handlers::does;
use crate::console::link_edit::Difference;
use crate::console::mail_server_form::{
    MailServerEditPage, MailServerNewPage, ServerFields, TriedRow, blank,
};
use crate::console::mail_servers::delete::{self, MailServerDeletePage};
use crate::console::mail_servers::log::{LogPage, LogRow};
use crate::console::mail_servers::state::{Mend, Standing, StateLine};
use crate::console::mail_servers::view::{
    Fact, GrantRef, HandlerLine, MailServerPage, NewestRow, SignInView,
};
use crate::console::mail_servers::{MailServerRow, sign_in_form};
use crate::form::{Form, choice};
use crate::page::Rows;
use crate::words;

fn fields(full: bool) -> ServerFields {
    let choices = || vec![choice("1", HOSTILE)];
    ServerFields {
        presets: choices(),
        protocols: choices(),
        securities: choices(),
        links: picker(full),
        grants: picker(full),
        afters: choices(),
        takes: choices(),
        outgoing: !full,
        either_way: full,
        standing: if full { HOSTILE.into() } else { String::new() },
        more_open: full,
    }
}

fn purpose(full: bool) -> PurposeFields {
    PurposeFields { projects: picker(full), types: vec![choice("1", HOSTILE)] }
}

fn tried(full: bool) -> TriedRow {
    TriedRow {
        date: full.then(when),
        from: HOSTILE.into(),
        subject: HOSTILE.into(),
        badge: words::outcome_badge(Outcome::Commented),
        issue: full.then(|| "SUP-1".into()),
        handler: full.then(|| HOSTILE.into()),
        reason: HOSTILE.into(),
        left: if full { vec![HOSTILE.into()] } else { vec![] },
    }
}

fn log_row(well: bool) -> LogRow {
    LogRow {
        badge: words::badge("good", "Worked"),
        mail_server: HOSTILE.into(),
        mail_server_href: well.then(|| "/mail-servers/1".into()),
        began_at: when(),
        last_at: when(),
        reason: if well { String::new() } else { HOSTILE.into() },
        hint: HOSTILE.into(),
        who: "",
        polls: 60,
        messages: 3,
    }
}

fn handler() -> HandlerLine {
    HandlerLine {
        href: "/handlers/1".into(),
        name: HOSTILE.into(),
        does: does(HandlerType::Create),
        project: "SUP".into(),
        issue_type: HOSTILE.into(),
        badge: words::ENABLED,
    }
}

fn newest(full: bool) -> NewestRow {
    NewestRow {
        href: "/messages/1".into(),
        from: HOSTILE.into(),
        subject: HOSTILE.into(),
        badge: words::outcome_badge(Outcome::Created),
        issue: full.then(|| "SUP-1".into()),
        reason: full.then(|| HOSTILE.into()),
        received_at: when(),
    }
}

fn standing(full: bool) -> Standing {
    let mend = Mend {
        label: "Test the connection",
        post: full.then(|| "/mail-servers/1/test".into()),
        href: (!full).then(|| "#sign-in".into()),
    };
    Standing {
        line: StateLine {
            badge: words::badge("bad", "Failing"),
            text: HOSTILE.into(),
            since: full.then(when),
        },
        trouble: full.then(trouble),
        mend: Some(mend),
    }
}

fn sign_in(full: bool) -> SignInView {
    SignInView {
        grant: full.then(|| GrantRef {
            href: "/grants/1".into(),
            identity: HOSTILE.into(),
            link: HOSTILE.into(),
            badge: words::grant_badge(GrantStateName::Active),
            consents: true,
        }),
        missing: !full,
        lost: !full,
    }
}

fn facts() -> Vec<Fact> {
    vec![Fact { label: "Mailbox", value: HOSTILE.into() }]
}

/// One of each, or none.
fn some<T>(full: bool, make: impl Fn(bool) -> T) -> Vec<T> {
    if full { vec![make(true), make(false)] } else { vec![] }
}

fn mail_server(full: bool) -> MailServerPage {
    let forms = forms(&sign_in_form(), "grant");
    MailServerPage {
        notice: full.then(|| "3 fetched.".into()),
        failure: full.then(failure),
        report: (!full).then(|| a_report(true)),
        tried: some(full, tried),
        id: "1".into(),
        href: "/mail-servers/1".into(),
        name: HOSTILE.into(),
        description: HOSTILE.into(),
        standing: standing(full),
        note: full.then(|| HOSTILE.into()),
        has_handler: full,
        outgoing: false,
        paused: full,
        sign_in: sign_in(full),
        form: forms[usize::from(full)].clone(),
        grants: picker(full),
        links: picker(full),
        facts: facts(),
        handlers: some(full, |_| handler()),
        log: some(full, log_row),
        messages: some(full, newest),
        deliveries: vec![],
        ok_at: full.then(when),
        created_at: when(),
        updated_at: when(),
    }
}

fn channel(full: bool) -> channels::show::ChannelPage {
    let step = |post: bool| channels::show::SetUpStep {
        badge: words::TO_DO,
        title: "Test",
        text: HOSTILE.into(),
        label: "Test",
        post: post.then(|| "/channels/1/test".into()),
        href: (!post).then(|| "#purpose".into()),
        next: post,
    };
    channels::show::ChannelPage {
        notice: full.then(|| "3 fetched.".into()),
        failure: full.then(failure),
        report: full.then(|| a_report(true)),
        tried: some(full, tried),
        id: "1".into(),
        href: "/channels/1".into(),
        server_href: "/mail-servers/1".into(),
        mailbox: HOSTILE.into(),
        description: HOSTILE.into(),
        standing: standing(full),
        note: full.then(|| HOSTILE.into()),
        steps: some(!full, step),
        paused: full,
        sign_in: sign_in(full),
        links: picker(full),
        facts: facts(),
        handlers: some(full, |_| handler()),
        purpose: (!full).then(|| purpose(true)),
        form: channels::show::blank(),
        log: some(full, log_row),
        messages: some(full, newest),
        created_at: when(),
    }
}

fn channel_row(full: bool) -> ChannelRow {
    ChannelRow {
        href: "/channels/1".into(),
        mailbox: HOSTILE.into(),
        handlers: some(full, |_| handler()),
        state: standing(full).line,
        newest: full.then(|| newest(true)),
    }
}

fn deleted(full: bool, form: Form) -> MailServerDeletePage {
    MailServerDeletePage {
        href: "/mail-servers/1".into(),
        name: HOSTILE.into(),
        mailbox: HOSTILE.into(),
        paused: full,
        outgoing: !full,
        handlers: some(full, |_| HOSTILE.into()),
        form,
    }
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let next = || Some("/next?after=1".to_owned());
    let row = || MailServerRow {
        href: "/mail-servers/1".into(),
        name: HOSTILE.into(),
        mailbox: HOSTILE.into(),
        host: "imap.example.org".into(),
        way: "Fetched by IMAP",
        badge: words::ENABLED,
        reason: Some(HOSTILE.into()),
        ok_at: None,
    };
    let log = |full: bool| LogPage {
        mail_server: full.then(|| HOSTILE.into()),
        filter: vec![FilterLink { href: "/connections".into(), label: "All", current: full }],
        items: some(full, log_row),
        next: next().filter(|_| full),
    };
    let mut all = Vec::new();
    for full in [true, false] {
        let servers = Rows { items: some(full, |_| row()), next: next() };
        all.push(sample("mail_servers.html", servers));
        let channels = Rows { items: some(full, channel_row), next: next() };
        all.push(sample("channels.html", channels));
        all.push(sample("channel.html", channel(full)));
        all.push(sample("mail_server.html", mail_server(full)));
        let sends = MailServerPage {
            outgoing: true,
            deliveries: some(full, super::mail::delivery_row),
            ..mail_server(full)
        };
        all.push(sample("mail_server.html", sends));
        all.push(sample("connections.html", log(full)));
    }
    for (n, form) in forms(&delete::blank(), "handlers").into_iter().enumerate() {
        all.push(sample("mail_server_delete.html", deleted(n == 0, form)));
    }
    let found = |full: bool| (full.then(|| a_report(false)), some(full, tried));
    for (n, form) in forms(&blank(), "host").into_iter().enumerate() {
        let (full, (report, tried)) = (n == 0, found(n == 0));
        let page = MailServerNewPage { form, fields: fields(full), report, tried, again: full };
        all.push(sample("mail_server_new.html", page));
    }
    let edited = blank().with("updated_at", "2027-01-01T00:00:00Z").with("mailbox_renamed", "");
    for (n, form) in forms(&edited, "mailbox").into_iter().enumerate() {
        let (full, (report, tried)) = (n == 0, found(n == 0));
        let page = MailServerEditPage {
            href: "/mail-servers/1".into(),
            name: HOSTILE.into(),
            form,
            fields: fields(full),
            report,
            tried,
            again: full,
            asks_renamed: full,
            differs: some(full, |some| Difference {
                label: "Name",
                now: if some { HOSTILE.into() } else { String::new() },
            }),
        };
        all.push(sample("mail_server_edit.html", page));
    }
    for (n, form) in forms(&channels::new::blank(""), "project_key").into_iter().enumerate() {
        let (full, (report, tried)) = (n == 0, found(n == 0));
        let page = ChannelNewPage {
            form,
            fields: fields(full),
            purpose: purpose(full),
            report,
            tried,
            again: full,
            steps: channels::new::Steps {
                project: words::DONE,
                mailbox: words::TO_DO,
                sign_in: words::TO_DO,
                purpose: words::TO_DO,
            },
        };
        all.push(sample("channel_new.html", page));
    }
    all
}
