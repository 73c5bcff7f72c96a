//! Sample pages, rendered strictly: a template that names what its page lacks is a red test, never a broken page.

use minijinja::value::{Serde, Value};
use outlink_model::Timestamp;
use outlink_model::event::EventClass;
use outlink_model::grant::{Actor, GrantStateName, Trouble};
use outlink_model::step::{Step, StepStatus};
use outlink_model::user::TokenScope;
use serde::Serialize;

use crate::consent;
use crate::console::{
    events, filter, grants, hand_outs, home, link_form, links as console_links, pickers, projects,
    report, sign_in, tokens, troubles, webhooks,
};
use crate::error::ApiError;
use crate::form::{Form, choice};
use crate::page::{ErrorPage, Pages, Rows, TEMPLATES};
use crate::words::{self, ScopeView, TroubleView, When};

mod channels;
mod links;
mod mail;

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
    let project =
        projects::ProjectRow { key: "SUP".into(), name: HOSTILE.into(), created_at: when() };
    vec![
        sample("grants.html", grants_page(Some(HOSTILE.into()), vec![grant_row()])),
        sample("grants.html", grants_page(Some(HOSTILE.into()), vec![])),
        sample("grants.html", grants_page(None, vec![])),
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
        sample("projects.html", Rows { items: vec![project], next }),
        sample("projects.html", Rows::<projects::ProjectRow> { items: vec![], next: None }),
        sample("home.html", home_page(vec![], true, vec![event()])),
        sample("home.html", home_page(vec![], false, vec![])),
        sample("home.html", home_page(vec![item(true), item(false)], false, vec![])),
    ]
}

fn grants_page(link: Option<String>, items: Vec<grants::GrantRow>) -> grants::GrantsPage {
    grants::GrantsPage {
        filter: filter::by_state("/grants", link.as_deref(), None, ""),
        filtered: link.is_some(),
        link,
        items,
        next: Some("/next?after=1".to_owned()),
    }
}

/// Choices, of which there are more where there are any.
fn picker(full: bool) -> pickers::Picker {
    match full {
        true => pickers::Picker { options: vec![choice("1", HOSTILE)], note: HOSTILE.into() },
        false => pickers::Picker::default(),
    }
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
        given_up: (!all_set).then(|| HOSTILE.into()),
        quarantined: if all_set { String::new() } else { "3 messages lie in quarantine.".into() },
        count: 3,
        more: vec![home::More {
            text: "1 more mail server brings no mail.".into(),
            lists: vec![home::List { href: "/mail-servers".into(), label: HOSTILE.into() }],
        }],
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
    vec![sample("grant.html", grant(true)), sample("grant.html", grant(false))]
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

fn entered() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    all.push(sample("link_choose.html", link_form::ChoosePage::new()));
    all.extend(links::entered());
    all.extend(mail::entered());
    for form in forms(&projects::blank(), "key") {
        all.push(sample("project_new.html", projects::ProjectNewPage { form }));
    }
    for (n, form) in forms(&tokens::blank(), "grants").into_iter().enumerate() {
        let row = tokens::TokenRow {
            href: "/tokens/1".into(),
            name: HOSTILE.into(),
            scopes: tokens::may(TokenScope::HandOut).into(),
            grants: vec![HOSTILE.into()],
            more_grants: n,
            created_at: when(),
        };
        all.push(sample(
            "tokens.html",
            tokens::TokensPage {
                made: (n == 0).then(|| tokens::Made { name: HOSTILE.into(), text: "olk_x".into() }),
                form,
                scopes: vec![choice("read", "look only")],
                grants: picker(n == 0),
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
        back: (!ok).then(|| consent::WayBack { href: "/channels/1".into(), label: "Go on".into() }),
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
    let parts = [
        lists(),
        mail::lists(),
        shown(),
        links::shown(),
        mail::shown(),
        channels::all(),
        entered(),
        public(),
    ];
    parts.into_iter().flatten().collect()
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
        let parts = ["layout.html", "link_fields.html", "mail_parts.html", "ui.html"];
        assert!(parts.contains(template) || sampled.contains(template), "{template} has no sample");
    }
}

#[test]
fn a_gap_in_a_page_is_an_error() {
    assert!(Pages::new().render(None, "", "error.html", ()).is_err());
}
