//! The console: pages for administrators, rendered from the store alone. Works without a script.

use axum::Router;

use crate::app::App;

pub(crate) mod channels;
pub(crate) mod deliveries;
pub(crate) mod events;
pub(crate) mod filter;
pub(crate) mod grant_end;
pub(crate) mod grants;
pub(crate) mod hand_outs;
pub(crate) mod handler_form;
pub(crate) mod handlers;
pub(crate) mod home;
pub(crate) mod issues;
pub(crate) mod link_delete;
pub(crate) mod link_edit;
pub(crate) mod link_form;
pub(crate) mod links;
pub(crate) mod mail_server_form;
pub(crate) mod mail_servers;
pub(crate) mod messages;
pub(crate) mod offer;
pub(crate) mod outcome;
pub(crate) mod pickers;
pub(crate) mod projects;
pub(crate) mod qr;
pub(crate) mod report;
pub(crate) mod sender_rules;
pub(crate) mod sign_in;
pub(crate) mod tokens;
pub(crate) mod trial;
pub(crate) mod troubles;
pub(crate) mod webhooks;

/// Every page of the console.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(channels::routes())
        .merge(deliveries::routes())
        .merge(events::routes())
        .merge(grant_end::routes())
        .merge(grants::routes())
        .merge(hand_outs::routes())
        .merge(handler_form::routes())
        .merge(handlers::routes())
        .merge(home::routes())
        .merge(issues::routes())
        .merge(link_delete::routes())
        .merge(link_edit::routes())
        .merge(link_form::routes())
        .merge(links::routes())
        .merge(mail_server_form::routes())
        .merge(mail_servers::routes())
        .merge(messages::routes())
        .merge(offer::routes())
        .merge(projects::routes())
        .merge(sender_rules::routes())
        .merge(sign_in::routes())
        .merge(tokens::routes())
        .merge(trial::routes())
        .merge(webhooks::routes())
}
