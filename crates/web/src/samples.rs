//! Sample pages, rendered strictly: a template that names what its page lacks is a red test, never a broken page.

use minijinja::value::{Serde, Value};
use outlink_model::Timestamp;
use outlink_model::event::EventClass;
use outlink_model::grant::{Actor, GrantStateName, Trouble};
use outlink_model::handler::HandlerType;
use outlink_model::message::Outcome;
use outlink_model::step::{Step, StepStatus};
use outlink_model::tracker::IssueStatus;
use outlink_model::user::TokenScope;
use serde::Serialize;

use crate::consent;
use crate::console::{
    events, grants, hand_outs, handlers, home, issues, link_form, links as console_links,
    mail_server_form, mail_servers, messages, projects, report, sign_in, tokens, troubles,
    webhooks,
};
use crate::error::ApiError;
use crate::form::{Form, choice};
use crate::page::{ErrorPage, Pages, Rows, TEMPLATES};
use crate::words::{self, ScopeView, TroubleView, When};

mod links;

/// What a stranger would write to break a page.
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ page }}";

fn when() -> When {
    Timestamp::UNIX_EPOCH.into()
}

fn trouble() -> TroubleView {
    TroubleView::from(&Trouble {
        actor: Actor::MailboxOwner,
        reason: "The provider says that the consent is over.".into(),
        hint: "Authorise anew.".into(),
        provider_error: Some(HOSTILE.into()),
    })
}

/// The form, as it comes and with an error at one of its fields.
fn forms(blank: &Form, field: &str) -> [Form; 2] {
    let error = ApiError::new(http::StatusCode::CONFLICT, "name_taken", "It is taken.", HOSTILE);
    let error = ApiError { field: Some(field.to_owned()), ..error };
    [blank.clone(), blank.clone().refused(error, &[]).unwrap()]
}

fn sample(template: &'static str, page: impl Serialize) -> (&'static str, Value) {
    (template, Value::from(Serde(&page)))
}

fn lists() -> Vec<(&'static str, Value)> {
    let next = Some("/next?after=1".to_owned());
    let grant_row = || grants::GrantRow {
        href: "/grants/1".into(),
        identity: HOSTILE.into(),
        link: HOSTILE.into(),
        link_href: "/links/1".into(),
        badge: words::grant_badge(GrantStateName::Degraded),
        reason: Some(HOSTILE.into()),
        since: when(),
        next_refresh_at: None,
    };
    let event = || events::EventRow {
        at: when(),
        subject: HOSTILE.into(),
        kind: "link.created".into(),
        badge: words::class_badge(EventClass::Health),
        who: Some(words::who(Actor::MailboxOwner)),
        message: HOSTILE.into(),
        hint: "Do this.".into(),
    };
    let link = console_links::LinkRow {
        href: "/links/1".into(),
        name: HOSTILE.into(),
        provider: "Google",
        badge: words::ENABLED,
        client_id: HOSTILE.into(),
        created_at: when(),
    };
    let server = mail_servers::MailServerRow {
        href: "/mail-servers/1".into(),
        name: HOSTILE.into(),
        mailbox: HOSTILE.into(),
        host: "imap.example.org".into(),
        badge: words::ENABLED,
        reason: Some(HOSTILE.into()),
        ok_at: None,
    };
    let handler = handlers::HandlerRow {
        name: HOSTILE.into(),
        mail_server: HOSTILE.into(),
        mail_server_href: "/mail-servers/1".into(),
        project: "SUP".into(),
        does: handlers::does(HandlerType::CreateOrComment),
        badge: words::DISABLED,
        created_at: when(),
    };
    let project =
        projects::ProjectRow { key: "SUP".into(), name: HOSTILE.into(), created_at: when() };
    let issue = issues::IssueRow {
        href: "/issues/SUP-1".into(),
        key: "SUP-1".into(),
        summary: HOSTILE.into(),
        badge: words::issue_badge(IssueStatus::Open),
        reporter: HOSTILE.into(),
        comments: 3,
        created_at: when(),
    };
    let message = messages::MessageRow {
        href: "/messages/1".into(),
        from: HOSTILE.into(),
        subject: HOSTILE.into(),
        badge: words::outcome_badge(Outcome::Quarantined),
        issue: Some("SUP-1".into()),
        reason: Some(HOSTILE.into()),
        mail_server: HOSTILE.into(),
        received_at: when(),
    };
    vec![
        sample("grants.html", Rows { items: vec![grant_row()], next: next.clone() }),
        sample("grants.html", Rows::<grants::GrantRow> { items: vec![], next: None }),
        sample("events.html", events_page("", vec![event()], next.clone())),
        sample("events.html", events_page("health", vec![event()], next.clone())),
        sample("events.html", events_page("audit", vec![], None)),
        sample("hand_outs.html", hand_outs_page(Some(HOSTILE.into()), vec![hand_out(true)])),
        sample("hand_outs.html", hand_outs_page(None, vec![hand_out(true), hand_out(false)])),
        sample("hand_outs.html", hand_outs_page(None, vec![])),
        sample("webhooks.html", Rows { items: vec![webhook_row()], next: next.clone() }),
        sample("webhooks.html", Rows::<webhooks::WebhookRow> { items: vec![], next: None }),
        sample("links.html", Rows { items: vec![link], next: next.clone() }),
        sample("links.html", Rows::<console_links::LinkRow> { items: vec![], next: None }),
        sample("mail_servers.html", Rows { items: vec![server], next: next.clone() }),
        sample(
            "mail_servers.html",
            Rows::<mail_servers::MailServerRow> { items: vec![], next: None },
        ),
        sample("handlers.html", Rows { items: vec![handler], next: next.clone() }),
        sample("handlers.html", Rows::<handlers::HandlerRow> { items: vec![], next: None }),
        sample("projects.html", Rows { items: vec![project], next: next.clone() }),
        sample("projects.html", Rows::<projects::ProjectRow> { items: vec![], next: None }),
        sample(
            "issues.html",
            issues::IssuesPage {
                project: Some(HOSTILE.into()),
                items: vec![issue],
                next: next.clone(),
            },
        ),
        sample("issues.html", issues::IssuesPage { project: None, items: vec![], next: None }),
        sample(
            "messages.html",
            messages::MessagesPage {
                mail_server: Some(HOSTILE.into()),
                items: vec![message],
                next,
            },
        ),
        sample(
            "messages.html",
            messages::MessagesPage { mail_server: None, items: vec![], next: None },
        ),
        sample("home.html", home_page(vec![], true, vec![event()])),
        sample("home.html", home_page(vec![], false, vec![])),
        sample("home.html", home_page(vec![item(true), item(false)], false, vec![])),
    ]
}

fn events_page(
    class: &str,
    items: Vec<events::EventRow>,
    next: Option<String>,
) -> events::EventsPage {
    events::EventsPage { class: class.into(), items, next }
}

fn hand_out(full: bool) -> hand_outs::HandOutRow {
    hand_outs::HandOutRow {
        minute: when(),
        last_at: when(),
        token: full.then(|| HOSTILE.into()),
        grant: full.then(|| HOSTILE.into()),
        grant_href: "/grants/1".into(),
        count: 7,
        addresses: "192.0.2.1, 2001:db8::1".into(),
    }
}

fn hand_outs_page(
    grant: Option<String>,
    items: Vec<hand_outs::HandOutRow>,
) -> hand_outs::HandOutsPage {
    hand_outs::HandOutsPage { grant, items, next: None }
}

fn webhook_row() -> webhooks::WebhookRow {
    webhooks::WebhookRow {
        href: "/webhooks/1".into(),
        name: HOSTILE.into(),
        url: HOSTILE.into(),
        badge: words::DISABLED,
        reason: Some(HOSTILE.into()),
        ok_at: None,
    }
}

fn item(full: bool) -> troubles::Item {
    troubles::Item {
        trouble: trouble(),
        title: HOSTILE.into(),
        since: full.then(when),
        href: "/grants/1".into(),
        post: full.then(|| "/grants/1/authorize".into()),
        mend: (!full).then(|| "/links/1/secret".into()),
        label: "Authorise anew",
    }
}

fn home_page(
    troubles: Vec<troubles::Item>,
    all_set: bool,
    events: Vec<events::EventRow>,
) -> home::HomePage {
    let counts = home::Counts { links: 1, grants: 0, servers: 0, handlers: 0, any_issue: false };
    home::HomePage {
        troubles,
        all_set,
        summary: counts.summary(),
        partial: true,
        checklist: counts.checklist(),
        events,
    }
}

fn shown() -> Vec<(&'static str, Value)> {
    let grant = |full: bool| grants::GrantPage {
        notice: full.then(|| "The tokens are fresh.".into()),
        failure: full.then(failure),
        subject: full.then(|| HOSTILE.into()),
        locked: full,
        consents: full,
        may_revoke: full,
        revokes: full,
        has_previous: full,
        refresh_ends: full.then(ends),
        mail_servers: if full { vec![("/mail-servers/1".into(), HOSTILE.into())] } else { vec![] },
        hand_outs: if full { vec![hand_out(true)] } else { vec![] },
        id: "1".into(),
        href: "/grants/1".into(),
        identity: HOSTILE.into(),
        link: HOSTILE.into(),
        link_href: "/links/1".into(),
        badge: words::grant_badge(GrantStateName::NeedsConsent),
        trouble: full.then(trouble),
        needs_consent: full,
        may_refresh: !full,
        missing_scopes: if full { vec![HOSTILE.into()] } else { vec![] },
        scopes: if full { ScopeView::all(["openid", HOSTILE]) } else { vec![] },
        since: when(),
        expires_at: when(),
        renewable: full,
        next_refresh_at: None,
        created_at: when(),
    };
    let entry = |body: &str, full: bool| issues::Entry {
        author: HOSTILE.into(),
        created_at: when(),
        message_href: full.then(|| "/messages/1".into()),
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
    };
    let message = |full: bool| messages::MessagePage {
        from: HOSTILE.into(),
        subject: HOSTILE.into(),
        badge: words::outcome_badge(Outcome::Commented),
        became: "Comment",
        issue: full.then(|| "SUP-1".into()),
        reason: full.then(|| HOSTILE.into()),
        mail_server: HOSTILE.into(),
        mail_server_href: "/mail-servers/1".into(),
        folder: "INBOX".into(),
        uid: 7,
        message_id: full.then(|| HOSTILE.into()),
        internal_date: when(),
        received_at: when(),
        size: words::size(1),
        raw_href: full.then(|| "/messages/1/raw".into()),
    };
    let issue = issues::IssuePage {
        key: "SUP-1".into(),
        project: "SUP".into(),
        summary: HOSTILE.into(),
        badge: words::issue_badge(IssueStatus::Resolved),
        entries: vec![entry(HOSTILE, true), entry("", false)],
    };
    vec![
        sample("grant.html", grant(true)),
        sample("grant.html", grant(false)),
        sample("issue.html", issue),
        sample("message.html", message(true)),
        sample("message.html", message(false)),
        sample("mail_server.html", mail_server(true)),
        sample("mail_server.html", mail_server(false)),
    ]
}

fn failure() -> report::Failure {
    report::Failure { message: HOSTILE.into(), hint: HOSTILE.into() }
}

fn ends() -> words::Ends {
    let day = jiff::SignedDuration::from_hours(24 * 12);
    words::Ends::new(Timestamp::UNIX_EPOCH + day, Timestamp::UNIX_EPOCH)
}

fn a_report(full: bool) -> report::Report {
    let step = |status| Step {
        id: "token_endpoint",
        status,
        message: HOSTILE.into(),
        hint: if full { HOSTILE.into() } else { String::new() },
        ms: 12,
    };
    report::Report::new(StepStatus::ALL.map(step).to_vec())
}

fn mail_server(full: bool) -> mail_servers::MailServerPage {
    mail_servers::MailServerPage {
        notice: full.then(|| "3 fetched.".into()),
        failure: full.then(failure),
        report: full.then(|| a_report(true)),
        id: "1".into(),
        href: "/mail-servers/1".into(),
        name: HOSTILE.into(),
        badge: words::ENABLED,
        trouble: (!full).then(trouble),
        has_handler: full,
        paused: full,
        mailbox: HOSTILE.into(),
        host: "imap.example.org, port 993, tls".into(),
        grant: full.then(|| mail_servers::GrantRef {
            href: "/grants/1".into(),
            identity: HOSTILE.into(),
            badge: words::grant_badge(GrantStateName::Active),
        }),
        missing: !full,
        form: match full {
            true => mail_servers::edit_form(60),
            false => forms(&mail_servers::edit_form(60), "grant")[1].clone(),
        },
        grants: vec![choice("", "as it is"), choice("1", HOSTILE)],
        folder: "INBOX".into(),
        take: "everything",
        poll_seconds: 60,
        ok_at: full.then(when),
        created_at: when(),
    }
}

fn entered() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    all.push(sample("link_choose.html", link_form::ChoosePage::new()));
    all.extend(links::entered());
    for form in forms(&mail_server_form::blank(""), "host") {
        let more_open = form.is_refused();
        let grants = vec![choice("1", HOSTILE)];
        let page = mail_server_form::MailServerNewPage { form, grants, takes: vec![], more_open };
        all.push(sample("mail_server_new.html", page));
    }
    for form in forms(&handlers::blank(), "mail_server") {
        let some = || vec![choice("1", HOSTILE)];
        let full = handlers::HandlerNewPage {
            form: form.clone(),
            mail_servers: some(),
            projects: some(),
            types: some(),
        };
        all.push(sample("handler_new.html", full));
        let none = handlers::HandlerNewPage {
            form,
            mail_servers: vec![],
            projects: vec![],
            types: vec![],
        };
        all.push(sample("handler_new.html", none));
    }
    for form in forms(&projects::blank(), "key") {
        all.push(sample("project_new.html", projects::ProjectNewPage { form }));
    }
    for (n, form) in forms(&tokens::blank(), "grants").into_iter().enumerate() {
        let row = tokens::TokenRow {
            href: "/tokens/1".into(),
            name: HOSTILE.into(),
            scopes: tokens::may(TokenScope::HandOut).into(),
            grants: vec![HOSTILE.into()],
            created_at: when(),
        };
        all.push(sample(
            "tokens.html",
            tokens::TokensPage {
                made: (n == 0).then(|| tokens::Made { name: HOSTILE.into(), text: "olk_x".into() }),
                form,
                scopes: vec![choice("read", "look only")],
                grants: if n == 0 { vec![choice("1", HOSTILE)] } else { vec![] },
                items: if n == 0 { vec![row] } else { vec![] },
                next: None,
            },
        ));
    }
    all
}

fn public() -> Vec<(&'static str, Value)> {
    let start = |hint: Option<String>| consent::StartPage {
        link_name: HOSTILE.into(),
        provider_name: hint.is_some().then(|| "Google".into()),
        provider_host: "id.example.org".into(),
        login_hint: hint,
        scopes: ScopeView::all(["openid", HOSTILE]),
        expires_at: when(),
    };
    let outcome = |ok: bool| consent::Outcome {
        ok,
        status: 200,
        link_name: HOSTILE.into(),
        identity: HOSTILE.into(),
        warning: ok.then(|| HOSTILE.into()),
        message: HOSTILE.into(),
        hint: if ok { String::new() } else { HOSTILE.into() },
    };
    let sign_in = |problem: Option<String>| sign_in::SignInPage {
        next: "/issues".into(),
        name: HOSTILE.into(),
        problem,
    };
    let error = |home: bool| ErrorPage {
        title: "Not found",
        message: HOSTILE,
        hint: HOSTILE,
        home,
        sign_in: !home,
    };
    vec![
        sample("consent.html", start(Some(HOSTILE.into()))),
        sample("consent.html", start(None)),
        sample("consent_done.html", outcome(true)),
        sample("consent_done.html", outcome(false)),
        sample("sign_in.html", sign_in(None)),
        sample("sign_in.html", sign_in(Some(HOSTILE.into()))),
        sample("sign_in_token.html", ()),
        sample("first_run.html", ()),
        sample("error.html", error(true)),
        sample("error.html", error(false)),
    ]
}

/// Every page in every shape that it can take.
fn all() -> Vec<(&'static str, Value)> {
    [lists(), shown(), links::shown(), entered(), public()].into_iter().flatten().collect()
}

#[test]
fn every_page_renders_strictly_and_nothing_hostile_gets_through() {
    let pages = Pages::new();
    for (template, page) in all() {
        for user in [None, Some(HOSTILE)] {
            let html = pages
                .render(user, "links", template, &page)
                .unwrap_or_else(|error| panic!("{template}: {error:?}"));
            assert!(!html.contains("<script>alert"), "{template}: a script got through\n{html}");
            assert!(!html.contains("<img"), "{template}: a tag got through\n{html}");
            assert!(!html.contains("onerror=alert(2)>\""), "{template}: an attribute broke");
            assert!(!html.contains(" style="), "{template}: the policy forbids inline styles");
        }
    }
}

#[test]
fn every_template_has_a_sample() {
    let sampled: Vec<_> = all().into_iter().map(|(template, _)| template).collect();
    for (template, _) in TEMPLATES {
        let is_part = ["layout.html", "link_fields.html", "ui.html"].contains(template);
        assert!(is_part || sampled.contains(template), "{template} has no sample");
    }
}

#[test]
fn a_gap_in_a_page_is_an_error() {
    assert!(Pages::new().render(None, "", "error.html", ()).is_err());
}
