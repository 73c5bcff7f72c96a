//! The form for a new link: first the provider, then what it is for, then what the provider gave out.
//!
//! It works without a script. Whoever changes the cloud, the tenant or the grant type presses "Fill in": the form comes
//! back with the fields that the choice needs and with what was typed, and nothing is saved.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_model::link::GrantType;
use outlink_model::provider::ProviderKind;
use outlink_oauth::{Choice as Chosen, Filled, fill, preset};
use serde::Deserialize;

use super::links::{News, show_link};
use crate::app::App;
use crate::auth::Signed;
use crate::choice::{choice as named, optional_choice};
use crate::error::ApiError;
use crate::extract::Query;
use crate::form::{self, Fields, Form};

mod asked;
mod choose;
mod discovered;
mod fields;
mod read;
mod values;
mod view;

pub(crate) use asked::{Asked, Proof};
pub(crate) use choose::ChoosePage;
pub(crate) use fields::LinkFields;
pub(crate) use read::{draft, ends, new_secret, signing_alg};
#[cfg(test)]
pub(crate) use values::blank;
pub(crate) use values::lines;
pub(crate) use view::{LinkNewPage, RedirectView, cloud_words};

/// Fields that are never filled in again.
pub(crate) const SECRETS: &[&str] = &["client_secret", "service_account", "initial_access_token"];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/links/new", get(new))
        .route("/links/fill", post(refill))
        .route("/links/discover", post(discover))
}

#[derive(Debug, Deserialize)]
struct NewQuery {
    provider: Option<String>,
}

async fn new(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<NewQuery>,
) -> Result<Response, ApiError> {
    let kind = optional_choice::<ProviderKind>("provider", query.provider.as_deref())?;
    let Some(kind) = kind else {
        return app.pages().show(&signed, "links", "link_choose.html", ChoosePage::new());
    };
    // Some providers must be told where they run before anything can be filled in.
    let asked = Asked::usual(kind);
    let filled = fill(kind, &asked.choice).ok();
    let form = values::blank(kind, &asked, filled.as_ref());
    show(&app, &signed, kind, Laid { form, asked, filled, notice: None })
}

/// A form with what decides its fields, and what they are filled in with.
struct Laid {
    form: Form,
    asked: Asked,
    filled: Option<Filled>,
    notice: Option<String>,
}

/// Shows the form again, filled in for what is chosen now. Saves nothing.
async fn refill(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let kind: ProviderKind = named("provider", &fields.text("provider"))?;
    let laid = match lay_anew(kind, &fields) {
        Ok(laid) => laid,
        Err(error) => as_it_was(kind, &fields, error)?,
    };
    show(&app, &signed, kind, laid)
}

/// Asks an issuer what its endpoints are, and shows the form with them. Saves nothing.
async fn discover(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let kind: ProviderKind = named("provider", &fields.text("provider"))?;
    let found = async {
        let laid = lay_anew(kind, &fields)?;
        let issuer = fields.text("discover");
        let found = app.engine().discover(&issuer).await.map_err(|error| {
            let error = ApiError::from(error);
            ApiError { field: Some("discover".to_owned()), ..error }
        })?;
        Ok::<_, ApiError>((laid, found))
    };
    let laid = match found.await {
        Ok((laid, found)) => {
            let (form, notice) = discovered::lay(laid.form, laid.asked.choice.grant_type, &found);
            let asked = laid.asked.with_auth(&form);
            Laid { form, asked, notice: Some(notice), ..laid }
        }
        Err(error) => as_it_was(kind, &fields, error)?,
    };
    show(&app, &signed, kind, laid)
}

/// Saves the link.
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let kind: ProviderKind = named("provider", &fields.text("provider"))?;
    let before = Asked::decode(kind, &fields.text("filled_by"));
    let made = async {
        let asked = Asked::read(kind, &fields, before.as_ref())?;
        if before.as_ref().is_some_and(|before| !before.has_the_fields_of(&asked)) {
            return Ok(None);
        }
        let new = read::new_link(kind, asked, &fields)?;
        Ok::<_, ApiError>(Some(app.engine().create_link(new, &signed.caller()).await?))
    };
    match made.await {
        Ok(Some(saved)) => {
            let told = app.engine().link_warnings(&saved.link);
            let (id, warnings) = (saved.link.id, saved.warnings);
            // What is told once only is told here; what stands with the link, on its page.
            if warnings.iter().all(|warning| told.contains(warning)) {
                return Ok(Redirect::to(&format!("/links/{id}")).into_response());
            }
            let news = News { notice: Some("The link is saved.".into()), ..News::default() };
            show_link(&app, &signed, &id.to_string(), News { warnings, ..news }).await
        }
        // The values on the page belong to another choice: nobody has seen those that would be saved.
        Ok(None) => {
            let laid = match lay_anew(kind, &fields) {
                Ok(laid) => Laid {
                    notice: Some(
                        "Nothing is saved yet: other fields are needed for what you chose. They are filled in now; look \
                         through them, enter the secret, and save."
                            .into(),
                    ),
                    ..laid
                },
                Err(error) => as_it_was(kind, &fields, error)?,
            };
            show(&app, &signed, kind, laid)
        }
        Err(error) => {
            let laid = as_it_was(kind, &fields, error)?;
            show(&app, &signed, kind, laid)
        }
    }
}

/// The form for what is chosen now. What was typed over a filled-in value stays; what was not is filled in anew.
fn lay_anew(kind: ProviderKind, fields: &Fields) -> Result<Laid, ApiError> {
    let before = Asked::decode(kind, &fields.text("filled_by"));
    let asked = Asked::read(kind, fields, before.as_ref())?;
    let filled = fill(kind, &asked.choice)?;
    let was = before.and_then(|before| fill(kind, &before.choice).ok());
    let form = values::merged(kind, &asked, &filled, was.as_ref(), fields);
    let asked = asked.with_auth(&form);
    Ok(Laid { form, asked, filled: Some(filled), notice: None })
}

/// The form as it was sent, with what is wrong.
fn as_it_was(kind: ProviderKind, fields: &Fields, error: ApiError) -> Result<Laid, ApiError> {
    let before = Asked::decode(kind, &fields.text("filled_by"));
    let asked = before.or_else(|| Asked::read(kind, fields, None).ok());
    let asked = asked.unwrap_or_else(|| Asked::usual(kind));
    let filled = fill(kind, &asked.choice).ok();
    let form = values::blank(kind, &asked, filled.as_ref()).typed(fields);
    let form = match form.value("filled_by").is_empty() {
        true => form,
        false => form.ticked("protocols", fields),
    };
    let form = form.refused(error, SECRETS)?;
    Ok(Laid { form, asked, filled, notice: None })
}

fn show(app: &App, signed: &Signed, kind: ProviderKind, laid: Laid) -> Result<Response, ApiError> {
    let redirect = redirect(app, kind, &laid.asked.choice, &laid.form);
    let status = form::status(&laid.form);
    let Laid { form, asked, filled, notice } = laid;
    let page = LinkNewPage::new(preset(kind), form, &asked, filled, redirect, notice);
    app.pages().show_with(status, signed, "links", "link_new.html", page)
}

/// The redirect URL of the endpoints as they stand in the form, once both do.
fn redirect(app: &App, kind: ProviderKind, choice: &Chosen, form: &Form) -> Option<RedirectView> {
    if choice.grant_type != GrantType::AuthorizationCode {
        return None;
    }
    let [authorization, token] =
        ["authorization_endpoint", "token_endpoint"].map(|name| form.value(name));
    let found = app.engine().redirect_url(kind, choice, Some(authorization), Some(token)).ok()?;
    Some(RedirectView { url: found.url, warnings: found.warnings })
}
