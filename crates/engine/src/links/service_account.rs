//! Google's key file of a service account: it says who signs, with what, and where the assertion goes.

use outlink_model::Secret;
use outlink_model::link::{GrantType, Link};
use outlink_model::problem::Problem;
use outlink_oauth::{self as oauth, ServiceAccount};

use super::{LinkDraft, NewSecret};

const FIELD: &str = "service_account";

/// Lays all that a key file says under what was entered for a new link.
pub(super) fn fill_in(
    base: &mut Link,
    draft: &mut LinkDraft,
    json: &Secret,
) -> Result<(), Problem> {
    check_grant_type(base.grant_type)?;
    let account = oauth::parse_service_account(json)?;
    base.client_id.clone_from(&account.client_email);
    base.token_endpoint.clone_from(&account.token_uri);
    draft.secret.get_or_insert_with(|| key(account));
    Ok(())
}

/// Takes the key of a key file for the new secret of a link that stands. Nothing else of the file counts, so that no
/// file moves an endpoint, or makes of the link one of another account.
pub(super) fn rotate(before: &Link, draft: &mut LinkDraft, json: &Secret) -> Result<(), Problem> {
    check_grant_type(before.grant_type)?;
    if draft.secret.is_some() {
        return Err(Problem::invalid(
            FIELD,
            "secret_given_twice",
            "A key file and a private key were given, and only one of them can be the new key.",
            "Leave one of them out.",
        ));
    }
    let account = oauth::parse_service_account(json)?;
    let client_id = draft.client_id.as_deref().map_or(before.client_id.as_str(), str::trim);
    if account.client_email != client_id {
        return Err(Problem::invalid(
            FIELD,
            "service_account_other",
            format!(
                "This is the key file of {}, and the link is that of {client_id}.",
                account.client_email
            ),
            "Enter a key file of the same account; or change the client ID in the same edit, and make its grants anew.",
        ));
    }
    draft.secret = Some(key(account));
    Ok(())
}

fn key(account: ServiceAccount) -> NewSecret {
    NewSecret { key_id: account.private_key_id, ..NewSecret::new(account.private_key) }
}

fn check_grant_type(grant_type: GrantType) -> Result<(), Problem> {
    if grant_type == GrantType::JwtBearer {
        return Ok(());
    }
    Err(Problem::invalid(
        "grant_type",
        "grant_type_unfit",
        "A service account's key file was given, but it is of use only with the grant type jwt_bearer.",
        "Choose the grant type jwt_bearer for a new link, or leave the file out.",
    ))
}
