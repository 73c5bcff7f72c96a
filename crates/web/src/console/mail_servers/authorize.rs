//! Authorising a mail server in place: what is handed to whoever shall consent, and the way back from there.

use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use outlink_engine::grants::grant_name;
use outlink_engine::mail_servers::{AuthorizeMailServer, Authorized};
use outlink_model::Secret;
use outlink_model::mail_server::{Direction, MailServer};

use crate::app::App;
use crate::auth::Signed;
use crate::console::offer::{Asker, AtHand, expires_in, show_offer_beside};
use crate::cookie::Cookie;
use crate::error::ApiError;
use crate::form::Fields;

/// Seconds for which the way back is remembered: as long as somebody may take at the provider.
const REMEMBERED: u64 = 3600;

/// Asks for a consent as a form says.
pub(crate) async fn ask(
    app: &App,
    signed: &Signed,
    id: &str,
    fields: &Fields,
) -> Result<(MailServer, Authorized), ApiError> {
    let ask = AuthorizeMailServer {
        link: fields.optional("link"),
        login_hint: fields.optional("login_hint"),
        expires_in: expires_in(fields)?,
    };
    let saved = app.engine().authorize_mail_server(id, ask, &signed.caller()).await?;
    let asked = saved.authorized.ok_or_else(|| ApiError::broken("no consent was asked for"))?;
    Ok((saved.server, asked))
}

/// Shows what came of it. `back` is the page that it began on, where the page at the end of the consent leads back to.
pub(crate) fn show(
    app: &App,
    signed: &Signed,
    server: &MailServer,
    authorized: Authorized,
    back: String,
) -> Result<Response, ApiError> {
    let (offer, at_hand) = match authorized {
        Authorized::Attached(_) => return Ok(Redirect::to(&back).into_response()),
        Authorized::Asked { offer, at_hand } => (offer, at_hand),
    };
    let at_hand = at_hand.map(|grant| AtHand {
        identity: grant_name(&grant),
        grant: grant.id.to_string(),
        post: format!("{back}/sign-in"),
    });
    let remembered = Cookie::Back.set(app.is_https(), &Secret::new(&*back), Some(REMEMBERED));
    let asker = Asker {
        section: if back.starts_with("/channels/") { "channels" } else { "mail_servers" },
        what: format!("the mail server {}", server.name),
        whom: match server.direction {
            Direction::Incoming => format!("whoever may read {}", server.mailbox),
            Direction::Outgoing => format!("whoever may send as {}", server.mailbox),
        },
        back,
    };
    let mut response = show_offer_beside(app, signed, &offer, asker, at_hand)?;
    if let Some(cookie) = remembered {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
