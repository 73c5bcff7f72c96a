//! Changing a link. Keeps the invariant **A moved endpoint locks its secrets**.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, later};
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth::{self as oauth, Choice};

use super::fields::{Entered, words};
use super::{LinkEdit, SavedLink, given, service_account, token_hosts};
use crate::refresh::is_locked;
use crate::{Caller, Engine, Error, clock, error};

impl Engine {
    /// Changes a link. Whatever is changed, the provider is asked anew at once: a mark on the link and a refusal of its
    /// grants may be over with it.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong; `secret_needed` where an address would move that is sent secrets, and
    /// the secret was not entered again; `changed_meanwhile` where somebody else's edit came first. Nothing is changed
    /// then.
    pub async fn edit_link(
        &self,
        named: &str,
        edit: LinkEdit,
        by: &Caller,
    ) -> Result<SavedLink, Error> {
        let before = self.link(named).await?;
        let LinkEdit { mut draft, add_secret, secret_end, delete_secret, service_account, seen } =
            edit;
        if seen.is_some_and(|seen| seen != before.updated_at) {
            return Err(changed_meanwhile(&before).into());
        }
        if let Some(json) = service_account.filter(|json| !json.is_empty()) {
            service_account::rotate(&before, &mut draft, &json)?;
        }
        // A form sends all that it shows: what it leaves as it was, was not entered.
        let hosts_entered =
            draft.token_hosts.as_ref().is_some_and(|hosts| *hosts != before.token_hosts);
        let entered_again = draft.secret.as_ref();
        let entered_again =
            entered_again.is_some_and(|new| given(Some(new.value.expose())).is_some());
        let laid = self.lay_over(
            &before,
            &Entered {
                draft,
                add_secret,
                secret_end,
                delete_secret,
                creating: false,
                secret_id: clock::id(),
                now: self.now(),
            },
        )?;
        let mut link = laid.link;
        let moved = moved(&before, &link);
        if let Some(field) = moved.first()
            && !link.client_secrets.is_empty()
            && (!entered_again || add_secret)
        {
            return Err(secret_needed(field, add_secret).into());
        }
        let mut warnings = laid.warnings;
        if !hosts_entered && oauth::is_elsewhere(&before.token_endpoint, &link.token_endpoint) {
            reset_hosts(&mut link);
        }
        warnings.extend(lost_hosts(&before, &link));
        if !moved.is_empty() || link.client_id != before.client_id {
            self.store().bind_grants(link.id, &oauth::bound_to(&before)).await?;
        }
        // Two edits within one tick of the clock are two all the same.
        let tick = later(before.updated_at, SignedDuration::from_micros(1));
        link.updated_at = link.updated_at.max(tick);
        let saved = self.store().update_link(&link, before.updated_at).await;
        if !saved.map_err(|error| error::taken(error, "name", "link", &link.name))? {
            return Err(changed_meanwhile(&before).into());
        }
        self.tell_edit(&before, &link, by).await;
        let grants = self.store().grants_of_link(link.id).await?;
        warnings.extend(needing_consent(&link, &grants));
        if let (true, Some(url)) = (redirect_moved(&before, &link), self.redirect_url_of(&link)) {
            warnings.push(format!(
                "The redirect URL has changed. Register the new one at the provider before anybody consents: {url}"
            ));
        }
        self.ask_anew(&mut link).await?;
        self.look_at_secrets().await;
        warnings.extend(self.link_warnings(&link));
        Ok(SavedLink { link, warnings })
    }

    /// Has what was refused tried again at once. The mark stays until a grant was served: one grant alone probes.
    async fn ask_anew(&self, link: &mut Link) -> Result<(), Error> {
        let now = self.now();
        self.store().hasten_probe(link.id, now).await?;
        // The link was read before the edit, and may have been marked or healed since.
        link.health = self.link_by_id(link.id).await?.health;
        self.store().hasten_refreshes(link.id, now).await?;
        self.0.alarm.notify_waiters();
        Ok(())
    }

    async fn tell_edit(&self, before: &Link, after: &Link, by: &Caller) {
        let subject = format!("link {}", after.name);
        let fields = changed(before, after);
        if !fields.is_empty() {
            let message =
                format!("{} changed {} of the link {}.", by.name(), fields.join(", "), after.name);
            self.record(Event {
                kind: "link.edited".into(),
                subject: subject.clone(),
                message,
                ..self.event(Actor::Nobody)
            })
            .await;
        }
        if before.enabled != after.enabled {
            let (did, hint) = match after.enabled {
                true => ("enabled", ""),
                false => ("disabled", "Nothing is sent under it until it is enabled again."),
            };
            self.record(Event {
                kind: format!("link.{did}"),
                subject,
                state: Some(did.into()),
                message: format!("{} {did} the link {}.", by.name(), after.name),
                hint: hint.into(),
                ..self.event(Actor::Nobody)
            })
            .await;
        }
    }
}

/// The addresses that are sent secrets or tokens, or say whose word counts, and that this edit moves. One that is
/// cleared is sent nothing any more.
fn moved(before: &Link, after: &Link) -> Vec<&'static str> {
    let token = (Some(&before.token_endpoint), Some(&after.token_endpoint));
    let pairs = [
        ("token_endpoint", token),
        (
            "revocation_endpoint",
            (before.revocation_endpoint.as_ref(), after.revocation_endpoint.as_ref()),
        ),
        (
            "device_authorization_endpoint",
            (
                before.device_authorization_endpoint.as_ref(),
                after.device_authorization_endpoint.as_ref(),
            ),
        ),
        (
            "userinfo_endpoint",
            (before.userinfo_endpoint.as_ref(), after.userinfo_endpoint.as_ref()),
        ),
        (
            "introspection_endpoint",
            (before.introspection_endpoint.as_ref(), after.introspection_endpoint.as_ref()),
        ),
        ("issuer", (before.issuer.as_ref(), after.issuer.as_ref())),
    ];
    let moves = pairs.into_iter().filter(|(_, (was, is))| is.is_some() && was != is);
    let mut moved: Vec<_> = moves.map(|(field, _)| field).collect();
    if after.token_hosts.iter().any(|host| !before.token_hosts.contains(host)) {
        moved.push("token_hosts");
    }
    moved
}

fn changed_meanwhile(link: &Link) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "changed_meanwhile",
        format!("The link {} has been changed since it was read.", link.name),
        "Look at it as it is now, and make the change again.",
    )
}

fn secret_needed(field: &str, add: bool) -> Problem {
    let field = match field {
        "token_hosts" => "list of hosts that tokens may go to".to_owned(),
        field => words(field),
    };
    let (message, hint) = match add {
        false => (
            format!(
                "The {field} changes, and the client secret was entered for the old address alone."
            ),
            "Enter the client secret (or private key) again in the same edit, once you are sure of the new address.",
        ),
        true => (
            format!(
                "The {field} changes, and the client secret in use may not go to the new address beside the new one."
            ),
            "Change the address with a new secret that takes the old one's place (without --add).",
        ),
    };
    Problem::invalid("client_secret", "secret_needed", message, hint)
}

/// Hosts that were added for the tokens of the old endpoint are no hosts for those of one elsewhere.
fn reset_hosts(link: &mut Link) {
    let (cloud, tenant) = match oauth::cloud_of(&link.token_endpoint) {
        Some((cloud, tenant)) => (Some(cloud), Some(tenant)),
        None => (None, None),
    };
    let choice = Choice { cloud, tenant, grant_type: link.grant_type, ..Choice::default() };
    link.token_hosts = token_hosts(link.provider, &choice);
}

fn lost_hosts(before: &Link, after: &Link) -> Option<String> {
    let lost = before.token_hosts.iter().filter(|host| !after.token_hosts.contains(host));
    let lost: Vec<_> = lost.cloned().collect();
    let (why, what_to_do) = match after.token_endpoint == before.token_endpoint {
        true => ("", "Mail servers there cannot sign in with a grant of this link any more."),
        false => (
            ", since the token endpoint has moved",
            "Attach a grant to the mail servers there anew.",
        ),
    };
    (!lost.is_empty())
        .then(|| format!("Tokens are no longer sent to {}{why}. {what_to_do}", lost.join(", ")))
}

fn needing_consent(link: &Link, grants: &[Grant]) -> Option<String> {
    let locked = grants.iter().filter(|grant| is_locked(link, grant)).count();
    let (grants, verb) = match locked {
        0 => return None,
        1 => ("1 grant".to_owned(), "needs"),
        many => (format!("{many} grants"), "need"),
    };
    Some(if link.grant_type.has_consent() {
        format!(
            "{grants} {verb} a new consent: their tokens were issued at other addresses or to another client, and are \
             not sent under the new ones. With the old ones back, they go on as before."
        )
    } else {
        format!(
            "{grants} {verb} to be created anew: their tokens were issued at other addresses or to another client."
        )
    })
}

fn redirect_moved(before: &Link, after: &Link) -> bool {
    let pair = |link: &Link| (link.authorization_endpoint.clone(), link.token_endpoint.clone());
    pair(before) != pair(after)
}

/// What an edit changes, by the fields' names. Their values are not told: some are secret.
fn changed(before: &Link, after: &Link) -> Vec<&'static str> {
    let secrets = |link: &Link| -> Vec<_> {
        link.client_secrets.iter().map(|secret| (secret.id, secret.expires_at)).collect()
    };
    let (b, a) = (before, after);
    let fields = [
        ("name", b.name != a.name),
        ("description", b.description != a.description),
        ("client_id", b.client_id != a.client_id),
        ("client_secret", secrets(b) != secrets(a)),
        ("client_auth", b.client_auth != a.client_auth),
        ("signing_alg", b.signing_alg != a.signing_alg),
        ("authorization_endpoint", b.authorization_endpoint != a.authorization_endpoint),
        ("token_endpoint", b.token_endpoint != a.token_endpoint),
        ("revocation_endpoint", b.revocation_endpoint != a.revocation_endpoint),
        (
            "device_authorization_endpoint",
            b.device_authorization_endpoint != a.device_authorization_endpoint,
        ),
        ("issuer", b.issuer != a.issuer),
        ("requires_iss", b.requires_iss != a.requires_iss),
        ("userinfo_endpoint", b.userinfo_endpoint != a.userinfo_endpoint),
        ("introspection_endpoint", b.introspection_endpoint != a.introspection_endpoint),
        ("scope", b.scope != a.scope),
        ("scope_separator", b.scope_separator != a.scope_separator),
        ("pkce", b.pkce != a.pkce),
        ("authorization_params", b.authorization_params != a.authorization_params),
        ("token_params", b.token_params != a.token_params),
        ("token_hosts", b.token_hosts != a.token_hosts),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
