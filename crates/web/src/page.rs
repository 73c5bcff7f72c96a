//! Pages: templates in the binary, rendered strictly. What a template names and its page lacks is an error, never a gap.

use axum::response::{Html, IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderMap, StatusCode};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Output, UndefinedBehavior, context, escape_formatter};
use outlink_engine::Listed;
use serde::Serialize;

use crate::app::App;
use crate::assets;
use crate::auth::Signed;
use crate::error::ApiError;

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),+]
    };
}

/// Every template, by the name under which it is rendered.
pub(crate) const TEMPLATES: &[(&str, &str)] = templates!(
    "channel.html",
    "channel_new.html",
    "channels.html",
    "connections.html",
    "consent.html",
    "consent_done.html",
    "consent_watch.html",
    "deliveries.html",
    "delivery.html",
    "error.html",
    "events.html",
    "first_run.html",
    "grant.html",
    "grant_delete.html",
    "grants.html",
    "hand_outs.html",
    "handler.html",
    "handler_delete.html",
    "handler_form.html",
    "handlers.html",
    "home.html",
    "issue.html",
    "issues.html",
    "layout.html",
    "link.html",
    "link_choose.html",
    "link_delete.html",
    "link_edit.html",
    "link_fields.html",
    "link_new.html",
    "link_secret.html",
    "links.html",
    "mail_parts.html",
    "mail_server.html",
    "mail_server_delete.html",
    "mail_server_edit.html",
    "mail_server_new.html",
    "mail_servers.html",
    "message.html",
    "messages.html",
    "offer.html",
    "outcome.html",
    "project_new.html",
    "projects.html",
    "sender_rules.html",
    "sign_in.html",
    "sign_in_token.html",
    "tokens.html",
    "trial.html",
    "ui.html",
    "webhook.html",
    "webhook_new.html",
    "webhooks.html",
);

/// A part of the console, as the navigation shows it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Section {
    section: &'static str,
    href: &'static str,
    label: &'static str,
}

const fn section(section: &'static str, href: &'static str, label: &'static str) -> Section {
    Section { section, href, label }
}

/// The navigation: what is set up first, then what comes of it.
const NAVIGATION: &[Section] = &[
    section("home", "/", "Overview"),
    section("links", "/links", "Links"),
    section("grants", "/grants", "Grants"),
    section("channels", "/channels", "Channels"),
    section("mail_servers", "/mail-servers", "Mail servers"),
    section("handlers", "/handlers", "Handlers"),
    section("projects", "/projects", "Projects"),
    section("issues", "/issues", "Issues"),
    section("messages", "/messages", "Messages"),
    section("deliveries", "/deliveries", "Deliveries"),
    section("events", "/events", "Events"),
    section("webhooks", "/webhooks", "Webhooks"),
    section("tokens", "/tokens", "Tokens"),
];

/// What stands around every page.
#[derive(Debug, Serialize)]
struct Shell<'a> {
    user: Option<&'a str>,
    section: &'a str,
    nav: &'static [Section],
    css: &'a str,
    js: &'a str,
    icon: &'a str,
}

/// The templates, parsed once.
pub(crate) struct Pages {
    templates: Environment<'static>,
    css: String,
    js: String,
    icon: String,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if !value.is_safe() => Ok(escape(out, text)?),
            _ => escape_formatter(out, state, value),
        });
        for (name, text) in TEMPLATES {
            // A test parses them all, so this cannot happen in a release; if it did, that page alone would fail.
            if let Err(error) = templates.add_template(name, text) {
                tracing::error!(%error, name, "a template is broken");
            }
        }
        let [css, js, icon] = [&assets::CSS, &assets::SCRIPT, &assets::ICON].map(|a| a.href());
        Self { templates, css, js, icon }
    }

    /// A page for somebody who is signed in.
    pub(crate) fn show(
        &self,
        signed: &Signed,
        section: &str,
        template: &str,
        page: impl Serialize,
    ) -> Result<Response, ApiError> {
        let html = self.render(Some(&signed.0.name), section, template, page)?;
        Ok(Html(html).into_response())
    }

    /// The same with a status of its own: that of its form; see [`crate::form::status`].
    pub(crate) fn show_with(
        &self,
        status: StatusCode,
        signed: &Signed,
        section: &str,
        template: &str,
        page: impl Serialize,
    ) -> Result<Response, ApiError> {
        let mut response = self.show(signed, section, template, page)?;
        *response.status_mut() = status;
        Ok(response)
    }

    /// A page for anybody.
    pub(crate) fn public(
        &self,
        template: &str,
        page: impl Serialize,
    ) -> Result<Response, ApiError> {
        Ok(Html(self.render(None, "", template, page)?).into_response())
    }

    pub(crate) fn render(
        &self,
        user: Option<&str>,
        section: &str,
        template: &str,
        page: impl Serialize,
    ) -> Result<String, ApiError> {
        let (css, js, icon) = (&self.css, &self.js, &self.icon);
        let shell = Shell { user, section, nav: NAVIGATION, css, js, icon };
        let values = context! {
            shell => Value::from(Serde(&shell)),
            page => Value::from(Serde(&page)),
        };
        let rendered = self.templates.get_template(template).and_then(|t| t.render(values));
        rendered.map_err(|error| {
            ApiError::broken(format!("{template} could not be rendered: {error:#}"))
        })
    }
}

/// Escapes text for HTML, between tags and within quoted attributes. The engine's own way also escapes slashes, and so
/// makes every address unreadable in the source of a page.
fn escape(out: &mut Output, text: &str) -> std::fmt::Result {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_str(&text[plain..at])?;
        out.write_str(entity)?;
        plain = at + 1;
    }
    out.write_str(&text[plain..])
}

/// What the error page shows.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorPage<'a> {
    pub(crate) title: &'a str,
    pub(crate) message: &'a str,
    pub(crate) hint: &'a str,
    /// Whether the way back leads to the console. Strangers on a consent page have no use for it.
    pub(crate) home: bool,
    /// Whether signing in, in another tab, is what helps.
    pub(crate) sign_in: bool,
}

/// The code of the refusal of a form whose sender's session has ended meanwhile.
pub(crate) const SESSION_OVER: &str = "session_over";

/// Whether the way back from an error leads to the console.
pub(crate) fn leads_home(error: &ApiError) -> bool {
    !error.code.starts_with("consent_")
}

/// An error as a page, with the headers of the answer that it replaces. `user` is who is signed in.
pub(crate) fn error_page(
    app: &App,
    error: &ApiError,
    user: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    let sign_in = error.code == SESSION_OVER;
    let title = match error.status {
        _ if sign_in => "Your session is over",
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Refused",
        StatusCode::TOO_MANY_REQUESTS => "Too often",
        StatusCode::METHOD_NOT_ALLOWED => "That does not work here",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    };
    let home = leads_home(error) && !sign_in;
    let page = ErrorPage { title, message: &error.detail, hint: &error.hint, home, sign_in };
    let html = app.pages().render(user, "", "error.html", &page);
    let html = html.unwrap_or_else(|_| "Something went wrong. The server's log says what.".into());
    let mut response = (error.status, Html(html)).into_response();
    if let Some(allow) = headers.get(ALLOW) {
        response.headers_mut().insert(ALLOW, allow.clone());
    }
    response
}

/// Makes a text fit for the value of a query parameter.
pub(crate) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A page of a list that has no filter.
#[derive(Debug, Serialize)]
pub(crate) struct Rows<T> {
    pub(crate) items: Vec<T>,
    /// The address of the next page; none on the last.
    pub(crate) next: Option<String>,
}

impl<T> Rows<T> {
    /// What was listed, as rows of the page at `path`.
    pub(crate) fn of<S: Into<T>>(path: &str, limit: Option<u32>, listed: Listed<S>) -> Self {
        Self {
            next: next_page(path, &[], limit, listed.next.as_deref()),
            items: listed.items.into_iter().map(S::into).collect(),
        }
    }
}

/// An address with those of these parameters that have a value.
pub(crate) fn with_query(path: &str, query: &[(&str, Option<&str>)]) -> String {
    let set = query.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let parts: Vec<_> = set.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mark = if parts.is_empty() { "" } else { "?" };
    format!("{path}{mark}{}", parts.join("&"))
}

/// The address of a list's next page, with the filters and the limit that it was asked for with.
pub(crate) fn next_page(
    path: &str,
    filters: &[(&str, Option<&str>)],
    limit: Option<u32>,
    next: Option<&str>,
) -> Option<String> {
    let mut href = format!("{path}?after={}", encode(next?));
    for (name, value) in filters {
        if let Some(value) = value {
            href.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    if let Some(limit) = limit {
        href.push_str(&format!("&limit={limit}"));
    }
    Some(href)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses_and_none_is_left_out() {
        let mut templates = Environment::new();
        for (name, text) in TEMPLATES {
            templates.add_template(name, text).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), TEMPLATES.len());
    }

    #[test]
    fn the_next_page_keeps_its_filters_and_its_limit() {
        let filters = [("project", Some("A&B"))];
        assert_eq!(next_page("/issues", &filters, Some(5), None), None);
        let next = next_page("/issues", &filters, None, Some("x y")).unwrap();
        assert_eq!(next, "/issues?after=x+y&project=A%26B");
        let next = next_page("/issues", &filters, Some(5), Some("x")).unwrap();
        assert_eq!(next, "/issues?after=x&project=A%26B&limit=5");
    }
}
