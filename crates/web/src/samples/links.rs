//! Samples of the pages of links, and of what is made and ended under them.

use minijinja::value::Value;
use outlink_model::grant::GrantStateName;
use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::provider::ProviderKind;
use outlink_oauth::{Choice, fill, preset};

use super::{HOSTILE, a_report, ends, failure, forms, sample, trouble, when};
use crate::consent::WayBack;
use crate::console::{
    filter, grant_end, link_delete, link_edit, link_form, links, offer, outcome, qr, webhooks,
};
use crate::form::Form;
use crate::words::{self, ScopeView};

fn secret_row(full: bool) -> links::SecretRow {
    links::SecretRow {
        what: "Used first",
        ends: full.then(ends),
        refused_at: full.then(when),
        key_id: full.then(|| HOSTILE.into()),
        has_certificate: full,
        created_at: when(),
    }
}

/// The pages of links, and of what is made under them.
pub(super) fn shown() -> Vec<(&'static str, Value)> {
    let link = |full: bool, way: &'static str, form: Form| links::LinkPage {
        notice: full.then(|| "The link is saved.".into()),
        told: if full { vec![HOSTILE.into(), HOSTILE.into()] } else { vec![] },
        failure: full.then(failure),
        report: full.then(|| a_report(false)),
        href: "/links/1".into(),
        name: HOSTILE.into(),
        description: if full { HOSTILE.into() } else { String::new() },
        badge: words::ENABLED,
        enabled: full,
        trouble: full.then(trouble),
        warnings: if full { vec![HOSTILE.into()] } else { vec![] },
        way,
        subject_optional: full,
        redirect_url: full.then(|| "https://outlink.example/oauth2/callback/x".into()),
        form,
        grants: links::LinkGrants {
            filter: filter::by_state("/links/1", None, None, "#grants"),
            filtered: !full && way == "device",
            items: match full {
                true => vec![links::LinkGrantRow {
                    href: "/grants/1".into(),
                    identity: HOSTILE.into(),
                    badge: words::grant_badge(GrantStateName::Active),
                    reason: Some(HOSTILE.into()),
                    since: when(),
                }],
                false => vec![],
            },
            next: full.then(|| "/links/1?after=1#grants".into()),
        },
        secrets: if full { vec![secret_row(true), secret_row(false)] } else { vec![] },
        proof: if full { "key" } else { "nothing" },
        facts: vec![links::Fact { label: "Client ID", value: HOSTILE.into() }],
        scopes: if full { ScopeView::all(["openid"]) } else { vec![] },
        created_at: when(),
        updated_at: when(),
    };
    let mut all = Vec::new();
    for (n, way) in ["page", "device", "subject", "itself"].into_iter().enumerate() {
        for form in forms(&links::grant_form(), "refresh_token") {
            all.push(sample("link.html", link(n % 2 == 0, way, form)));
        }
    }
    for form in forms(&link_delete::blank(), "with_grants") {
        let full = form.is_refused();
        let names = |full: bool| if full { vec![HOSTILE.to_owned()] } else { vec![] };
        let page = link_delete::LinkDeletePage {
            href: "/links/1".into(),
            name: HOSTILE.into(),
            enabled: full,
            grants: names(full),
            more_grants: 3,
            mail_servers: names(full),
            more_mail_servers: 0,
            tokens: vec!["backup".into()],
            more_tokens: 3,
            also_ended: vec!["Google ends the grants of the link Other as well.".into()],
            revokes: full,
            form: form.clone(),
        };
        all.push(sample("link_delete.html", page));
        let page = grant_end::GrantDeletePage {
            href: "/grants/1".into(),
            identity: HOSTILE.into(),
            mail_servers: names(full),
            revokes: full,
            form: grant_end::blank(),
        };
        all.push(sample("grant_delete.html", page));
        let page = outcome::OutcomePage {
            title: HOSTILE.into(),
            text: HOSTILE.into(),
            warnings: names(full),
            mail_servers: names(full),
            back: "/links",
            back_label: "Links",
        };
        all.push(sample("outcome.html", page));
    }
    let device = |full: bool| offer::DeviceView {
        user_code: HOSTILE.into(),
        verification_uri: HOSTILE.into(),
        qr: qr::Qr::of(HOSTILE).filter(|_| full),
    };
    let an_offer = |full: bool| offer::OfferPage {
        what: HOSTILE.into(),
        whom: HOSTILE.into(),
        page: (!full).then(|| offer::StartAddress {
            url: "https://outlink.example/consent/x".into(),
            local: "/consent/x".into(),
        }),
        device: full.then(|| device(true)),
        expires_at: when(),
        watch: "/consents/1".into(),
        back: "/links/1".into(),
        at_hand: full.then(|| offer::AtHand {
            identity: HOSTILE.into(),
            grant: "1".into(),
            post: "/mail-servers/1/sign-in".into(),
        }),
    };
    let watched = |state: &'static str| offer::ConsentPage {
        state,
        href: "/consents/1".into(),
        device: Some(device(false)),
        grant_href: "/grants/1".into(),
        identity: HOSTILE.into(),
        reason: HOSTILE.into(),
        ask_href: "/links/1".into(),
        ask_label: "Ask anew on the page of the link",
        back: (state != "failed")
            .then(|| WayBack { href: "/channels/1".into(), label: "Go on".into() }),
    };
    all.extend([true, false].map(|full| sample("offer.html", an_offer(full))));
    all.extend(
        ["waiting", "done", "failed"].map(|state| sample("consent_watch.html", watched(state))),
    );
    for form in forms(&webhooks::blank(), "url") {
        all.push(sample("webhook_new.html", webhooks::WebhookNewPage { form }));
    }
    for form in forms(&webhooks::url_form(HOSTILE), "url") {
        let full = form.is_refused();
        let page = webhooks::WebhookPage {
            notice: full.then(|| HOSTILE.into()),
            failure: full.then(failure),
            secret: full.then(|| "whsec_x".into()),
            href: "/webhooks/1".into(),
            name: HOSTILE.into(),
            badge: words::DISABLED,
            enabled: full,
            trouble: (!full).then(trouble),
            form,
            ok_at: full.then(when),
            created_at: when(),
        };
        all.push(sample("webhook.html", page));
    }
    all
}

fn difference() -> link_edit::Difference {
    link_edit::Difference { label: "Scopes", now: HOSTILE.into() }
}

fn secret_day() -> link_edit::SecretDay {
    link_edit::SecretDay {
        id: "1".into(),
        what: "The one in use ends on",
        day: "2027-05-01".into(),
    }
}

/// The forms of links: every provider, every grant type that it offers, every way to prove that we are the client.
pub(super) fn entered() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for kind in ProviderKind::ALL {
        let preset = preset(kind);
        let auths = ClientAuth::ALL.into_iter().map(Some).chain([None]);
        let ways = preset.grant_types.iter().flat_map(|t| auths.clone().map(|auth| (*t, auth)));
        for (grant_type, client_auth) in ways {
            let usual = link_form::Asked::usual(kind);
            let tenant = usual.choice.tenant.as_ref().map(|_| "contoso.example".to_owned());
            let instance = preset.asks_instance.then(|| "https://git.example".to_owned());
            let choice = Choice { grant_type, tenant, instance, ..usual.choice };
            let asked = link_form::Asked { choice, client_auth };
            let filled = fill(kind, &asked.choice).unwrap();
            let blank = link_form::blank(kind, &asked, Some(&filled)).with("name", HOSTILE);
            for form in forms(&blank, "token_endpoint") {
                let redirect = form.is_refused().then(|| link_form::RedirectView {
                    url: "https://outlink.example/oauth2/callback/x".into(),
                    warnings: vec![HOSTILE.into()],
                });
                let (filled, notice) = (Some(filled.clone()), Some(HOSTILE.to_owned()));
                let page =
                    link_form::LinkNewPage::new(preset, form, &asked, filled, redirect, notice);
                all.push(sample("link_new.html", page));
            }
        }
        let asked = link_form::Asked::usual(kind);
        let form = link_form::blank(kind, &asked, None);
        let page = link_form::LinkNewPage::new(preset, form, &asked, None, None, None);
        all.push(sample("link_new.html", page));
    }
    let fields = |grant_type, auth| {
        link_form::LinkFields::new(ProviderKind::Google, grant_type, Some(auth), false)
    };
    for grant_type in GrantType::ALL {
        for auth in ClientAuth::ALL {
            let asked = link_form::Asked::usual(ProviderKind::Google);
            let filled = fill(ProviderKind::Google, &asked.choice).unwrap();
            let blank = link_form::blank(ProviderKind::Google, &asked, Some(&filled))
                .with("updated_at", "2027-05-01T12:00:00Z")
                .with("delete_client_secret", "");
            for form in forms(&blank, "client_secret") {
                let page = link_edit::LinkEditPage {
                    href: "/links/1".into(),
                    name: HOSTILE.into(),
                    provider_name: "Google",
                    redirect_url: form.is_refused().then(|| HOSTILE.into()),
                    shown_for: auth.to_string(),
                    notice: form.is_refused().then_some("Nothing is saved yet."),
                    more_open: form.is_refused(),
                    has_secret: true,
                    differs: if form.is_refused() { vec![difference()] } else { vec![] },
                    fields: fields(grant_type, auth),
                    form,
                };
                all.push(sample("link_edit.html", page));
            }
            for form in forms(&link_edit::secret_form(None), "client_secret") {
                let page = link_edit::LinkSecretPage {
                    href: "/links/1".into(),
                    name: HOSTILE.into(),
                    fields: fields(grant_type, auth),
                    secrets: if form.is_refused() { vec![] } else { vec![secret_row(false)] },
                    days: if form.is_refused() { vec![] } else { vec![secret_day()] },
                    form,
                };
                all.push(sample("link_secret.html", page));
            }
        }
    }
    all
}
