//! The text of the pages. No script, no template engine: everything that comes from outside passes [`escape`].

use url::Url;

use super::SCOPES;
use super::authorize::{Asked, Way};
use crate::state::User;

/// A page, and where its forms may lead besides here.
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) leads_to: Option<String>,
}

/// What this server is, for whoever wanders in.
pub(crate) fn home(users: &[User]) -> Page {
    let body = format!(
        "<h1>Practice provider</h1>\
         <p>This is a small OAuth 2.0 provider with a mail server behind it. It runs on this computer only, keeps \
         nothing, and forgets everybody when it stops.</p>{}",
        accounts(users)
    );
    Page { html: layout("Practice provider", &body), leads_to: None }
}

/// A page for when nothing can be done.
pub(crate) fn sorry(why: &str) -> Page {
    let body = format!("<h1>That did not work</h1><p role=\"alert\">{}</p>", escape(why));
    Page { html: layout("That did not work", &body), leads_to: None }
}

/// The sign-in form, with what was wrong the last time.
pub(crate) fn login(
    asked: &Asked,
    request: &str,
    name: &str,
    wrong: Option<&str>,
    users: &[User],
) -> Page {
    let alert =
        wrong.map(|wrong| format!("<p class=\"alert\" role=\"alert\">{}</p>", escape(wrong)));
    // The cursor goes to what is left to fill in.
    let (name_focus, password_focus) =
        if name.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let body = format!(
        "<h1>Sign in</h1>{alert}\
         <form method=\"post\" action=\"/login\">\
         <input type=\"hidden\" name=\"request\" value=\"{request}\">\
         <label for=\"username\">User name</label>\
         <input id=\"username\" name=\"username\" type=\"email\" autocomplete=\"username\" value=\"{name}\" \
         required{name_focus}>\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required{password_focus}>\
         <button class=\"main\">Sign in</button></form>{accounts}",
        alert = alert.unwrap_or_default(),
        request = escape(request),
        name = escape(name),
        accounts = accounts(users),
    );
    Page { html: layout("Sign in", &body), leads_to: origin(asked) }
}

/// The consent form: who asks for what, and where the answer goes.
pub(crate) fn consent(asked: &Asked, request: &str, user: &str) -> Page {
    let mut wishes = String::new();
    for (name, meaning) in SCOPES.iter().filter(|(name, _)| asked.scopes.iter().any(|s| s == name))
    {
        wishes.push_str(&format!("<li>{} <code>{}</code></li>", escape(meaning), escape(name)));
    }
    let after = match &asked.way {
        Way::Back { .. } => {
            let there = origin(asked).unwrap_or_else(|| "the application".to_owned());
            format!("Either way you will go back to <code>{}</code>.", escape(&there))
        }
        Way::Device { user_code } => format!(
            "Allow it only if you hold a device that shows <code>{}</code>, and began this yourself.",
            escape(user_code)
        ),
    };
    let body = format!(
        "<h1>{client} asks for access</h1>\
         <p>You are signed in as <strong>{user}</strong>. If you allow it, <strong>{client}</strong> may:</p>\
         <ul>{wishes}</ul>\
         <p class=\"small\">{after}</p>\
         <form method=\"post\" action=\"/consent\">\
         <input type=\"hidden\" name=\"request\" value=\"{request}\">\
         <div class=\"choice\">\
         <button class=\"main\" name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></div>\
         <button class=\"link\" name=\"decision\" value=\"other\">Sign in as somebody else</button>\
         </form>",
        client = escape(&asked.client_name),
        user = escape(user),
        request = escape(request),
    );
    Page { html: layout("Consent", &body), leads_to: origin(asked) }
}

/// The form for the code that a device shows, with what was wrong the last time.
pub(crate) fn device(typed: &str, wrong: Option<&str>) -> Page {
    let alert =
        wrong.map(|wrong| format!("<p class=\"alert\" role=\"alert\">{}</p>", escape(wrong)));
    let body = format!(
        "<h1>Connect a device</h1>{alert}\
         <form method=\"post\" action=\"/device\">\
         <label for=\"user_code\">Code on the device</label>\
         <input id=\"user_code\" name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" value=\"{typed}\" required autofocus>\
         <button class=\"main\">Go on</button></form>",
        alert = alert.unwrap_or_default(),
        typed = escape(typed),
    );
    Page { html: layout("Connect a device", &body), leads_to: None }
}

/// The end of a consent that nobody is sent anywhere from.
pub(crate) fn device_done(allowed: bool) -> Page {
    let (title, text) = if allowed {
        ("Connected", "The device goes on by itself in a few seconds. You can close this page.")
    } else {
        ("Not connected", "The device was told that you refused. You can close this page.")
    };
    let body = format!("<h1>{title}</h1><p role=\"status\">{text}</p>");
    Page { html: layout(title, &body), leads_to: None }
}

fn accounts(users: &[User]) -> String {
    let row = |user: &User| {
        let (address, password) = (escape(&user.address), escape(user.password.expose()));
        format!("<dt><code>{address}</code></dt><dd>password <code>{password}</code></dd>")
    };
    let rows: String = users.iter().map(row).collect();
    format!("<aside><h2>Practice accounts</h2><dl>{rows}</dl></aside>")
}

fn origin(asked: &Asked) -> Option<String> {
    let Way::Back { redirect_uri, .. } = &asked.way else { return None };
    let origin = Url::parse(redirect_uri).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

fn layout(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{} - Practice provider</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\
         <body><header>Practice provider <span>on this computer only</span></header>\
         <main>{body}</main></body></html>",
        escape(title)
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_text() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
        assert!(!sorry("<script>").html.contains("<script>"));
    }
}
