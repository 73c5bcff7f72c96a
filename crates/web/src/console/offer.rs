//! What is handed to whoever shall consent, and how that goes.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use jiff::SignedDuration;
use outlink_engine::consents::{AskedFor, ConsentStatus, DeviceOffer, Offer, OfferKind};
use outlink_engine::grants::grant_name;
use outlink_model::problem::Problem;
use serde::Serialize;

use super::qr::Qr;
use crate::app::App;
use crate::auth::Signed;
use crate::consent::WayBack;
use crate::error::ApiError;
use crate::extract::Path;
use crate::form::{Fields, number};
use crate::words::When;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/consents/{id}", get(watch))
}

/// For what a consent is asked, of whom, and where that was done.
pub(crate) struct Asker {
    pub(crate) section: &'static str,
    pub(crate) what: String,
    pub(crate) whom: String,
    pub(crate) back: String,
}

/// A grant that stands already and would do as well.
#[derive(Debug, Serialize)]
pub(crate) struct AtHand {
    pub(crate) identity: String,
    /// Its id.
    pub(crate) grant: String,
    /// What the button that takes it posts to.
    pub(crate) post: String,
}

/// What was made for consenting. A one-time address is on this page alone.
#[derive(Serialize)]
pub(crate) struct OfferPage {
    pub(crate) what: String,
    pub(crate) whom: String,
    pub(crate) page: Option<StartAddress>,
    pub(crate) device: Option<DeviceView>,
    pub(crate) expires_at: When,
    /// Where it is seen whether the consent was given.
    pub(crate) watch: String,
    pub(crate) back: String,
    pub(crate) at_hand: Option<AtHand>,
}

/// The one-time address of the start page.
#[derive(Serialize)]
pub(crate) struct StartAddress {
    pub(crate) url: String,
    /// The same address without the host: the way for this very browser.
    pub(crate) local: String,
}

/// What is done on another machine.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceView {
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    /// The address with the code in it, for the camera of a telephone.
    pub(crate) qr: Option<Qr>,
}

impl From<&DeviceOffer> for DeviceView {
    fn from(device: &DeviceOffer) -> Self {
        let target = device.verification_uri_complete.as_ref();
        Self {
            user_code: device.user_code.clone(),
            verification_uri: device.verification_uri.clone(),
            qr: Qr::of(target.unwrap_or(&device.verification_uri)),
        }
    }
}

/// Shows what was made for consenting.
pub(crate) fn show_offer(
    app: &App,
    signed: &Signed,
    offer: &Offer,
    asker: Asker,
) -> Result<Response, ApiError> {
    show_offer_beside(app, signed, offer, asker, None)
}

/// The same, beside a grant that would do as well.
pub(crate) fn show_offer_beside(
    app: &App,
    signed: &Signed,
    offer: &Offer,
    asker: Asker,
    at_hand: Option<AtHand>,
) -> Result<Response, ApiError> {
    let Asker { section, what, whom, back } = asker;
    let (page, device) = match &offer.how {
        OfferKind::Page(page) => {
            let url = page.expose().to_owned();
            let local = url.strip_prefix(app.engine().base_url()).unwrap_or(&url).to_owned();
            (Some(StartAddress { url, local }), None)
        }
        OfferKind::Device(device) => (None, Some(DeviceView::from(device))),
    };
    let watch = format!("/consents/{}", offer.consent);
    let expires_at = offer.expires_at.into();
    let page = OfferPage { what, whom, page, device, expires_at, watch, back, at_hand };
    app.pages().show(signed, section, "offer.html", page)
}

/// How long the page of a consent shall work, where that was said.
pub(crate) fn expires_in(fields: &Fields) -> Result<Option<SignedDuration>, ApiError> {
    let Some(text) = fields.optional("expires_in_hours") else { return Ok(None) };
    let hours: u16 = number("expires_in_hours", &text)?;
    Ok(Some(SignedDuration::from_hours(i64::from(hours))))
}

/// How a consent stands.
#[derive(Debug, Serialize)]
pub(crate) struct ConsentPage {
    /// `waiting`, `done` or `failed`.
    pub(crate) state: &'static str,
    pub(crate) href: String,
    pub(crate) device: Option<DeviceView>,
    pub(crate) grant_href: String,
    pub(crate) identity: String,
    pub(crate) reason: String,
    /// The page on which it can be asked anew.
    pub(crate) ask_href: String,
    pub(crate) ask_label: &'static str,
    /// The page that it was asked for on, where that was in this browser.
    pub(crate) back: Option<WayBack>,
}

async fn watch(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let parsed = id.parse().map_err(|_| Problem::not_found("consent", &id))?;
    let status = app.engine().consent_status(parsed).await?;
    let href = format!("/consents/{parsed}");
    let (ask_href, ask_label) = match app.engine().consent_asked_for(parsed).await? {
        AskedFor::Link(link) => (format!("/links/{link}"), "Ask anew on the page of the link"),
        AskedFor::MailServer(server) => {
            (format!("/mail-servers/{server}#sign-in"), "Ask anew on the page of the mail server")
        }
        AskedFor::Grant(grant) => (format!("/grants/{grant}"), "Ask anew on the page of the grant"),
    };
    let blank = ConsentPage {
        state: "waiting",
        href,
        device: None,
        grant_href: String::new(),
        identity: String::new(),
        reason: String::new(),
        ask_href,
        ask_label,
        back: WayBack::read(&app, &headers),
    };
    let page = match status {
        ConsentStatus::Waiting(device) => {
            ConsentPage { device: device.as_ref().map(DeviceView::from), ..blank }
        }
        ConsentStatus::Done(grant) => ConsentPage {
            state: "done",
            grant_href: format!("/grants/{}", grant.id),
            identity: grant_name(&grant),
            ..blank
        },
        ConsentStatus::Failed(reason) => ConsentPage { state: "failed", reason, ..blank },
    };
    app.pages().show(&signed, "links", "consent_watch.html", page)
}
