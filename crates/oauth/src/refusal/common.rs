//! Refusals by their `error` (RFC 6749 §5.2 and §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8707 §2), and what Google
//! adds to them.

use outlink_model::grant::Actor::{
    LinkAdministrator, MailboxOwner, Nobody, Operator, TenantAdministrator,
};
use outlink_model::grant::FailureClass::{Blocked, Ended, Link, Passing};
use outlink_model::provider::ProviderKind::Google;

use super::table::{Detail, Row};

/// What `invalid_grant` means when a refresh is refused and nothing more is said.
const CONSENT_OVER: &str = "{Provider} says that the consent is over: it was withdrawn, it expired, or the password was changed.";

pub(super) static ROWS: &[Row] = &[
    // Google.
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "The Google Workspace session control ended the consent.",
        "Ask the mailbox's owner to consent again. It will come back until a Workspace administrator marks this \
         application as trusted or exempts it from session control.",
    )
    .with(Detail::Sub("invalid_rapt")),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "The Google Workspace session control ended the consent.",
        "Ask the mailbox's owner to consent again. It will come back until a Workspace administrator marks this \
         application as trusted or exempts it from session control.",
    )
    .with(Detail::Says("invalid_rapt"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "The authorization code was damaged, had been used already, or had expired.",
        "Begin the consent again from its start page.",
    )
    .with(Detail::Says("malformed auth code"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Link,
        LinkAdministrator,
        "Google does not accept the signature of the assertion: the service account's key was deleted, or is not the link's.",
        "Make a new key of the service account in the Google Cloud console and enter its JSON file in the link.",
    )
    .with(Detail::Says("invalid jwt signature"))
    .of(Google)
    .refusing_client(),
    Row::error(
        "invalid_grant",
        Link,
        LinkAdministrator,
        "Google knows no service account by the link's client id.",
        "Enter the service account's JSON key file anew; its client_email is what the assertion is signed for.",
    )
    .with(Detail::Says("no valid verifier found for issuer"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Blocked,
        Operator,
        "Google does not accept the time in the signed assertion.",
        "Check this server's clock; it must be right to the minute.",
    )
    .with(Detail::Says("short-lived token"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Blocked,
        Operator,
        "Google does not accept the time in the signed assertion.",
        "Check this server's clock; it must be right to the minute.",
    )
    .with(Detail::Says("iat and exp"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Link,
        LinkAdministrator,
        "Google does not accept whom the signed assertion is addressed to, which is the link's token endpoint.",
        "Enter https://oauth2.googleapis.com/token as the link's token endpoint, or the token_uri of the service account's JSON key file.",
    )
    .with(Detail::Says("failed audience check"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Blocked,
        LinkAdministrator,
        "Google does not accept the signed assertion.",
        "Read Google's own words, and compare the link's client id, token endpoint and scopes with the service account and its JSON key file.",
    )
    .with(Detail::Says("invalid jwt"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Blocked,
        LinkAdministrator,
        "Google knows no such account for the service account to act for.",
        "Check the address of the mailbox; it must be an account of the Workspace, not an alias or a group.",
    )
    .with(Detail::Says("invalid email or user id"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Blocked,
        LinkAdministrator,
        "Google does not know the service account.",
        "Check whether the service account was deleted, and enter a key of one that exists.",
    )
    .with(Detail::Says("account not found"))
    .of(Google),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "Google says that the consent has expired or was withdrawn. Changing the password ends it too.",
        "Ask the mailbox's owner to consent again. If it ends every seven days, the application is still in Testing: \
         publish it in the Google Cloud console.",
    )
    .of(Google),
    Row::error(
        "invalid_client",
        Link,
        LinkAdministrator,
        "Google knows no client with this client id.",
        "Check the link's client id. Clients that nobody uses are deleted after a while; the Google Cloud console can \
         restore one for 30 days.",
    )
    .with(Detail::Says("client was not found"))
    .of(Google),
    Row::error(
        "deleted_client",
        Link,
        LinkAdministrator,
        "The client was deleted at {provider}.",
        "Restore it in the Google Cloud console (possible for 30 days), or make a new one, enter it in the link, and \
         let every mailbox's owner consent again.",
    ),
    Row::error(
        "unauthorized_client",
        Blocked,
        TenantAdministrator,
        "The client is not authorised to act for accounts of this Workspace.",
        "Ask a Workspace administrator to add the client id with exactly the link's scopes under domain-wide delegation.",
    )
    .with(Detail::Says("unauthorized to retrieve access tokens"))
    .of(Google),
    Row::error(
        "admin_policy_enforced",
        Blocked,
        TenantAdministrator,
        "A policy of the organisation does not let this application reach the mailbox.",
        "Ask the Workspace administrator to trust the application, and to allow it the mail scopes, in the admin console \
         under API controls.",
    ),
    Row::error(
        "org_internal",
        Blocked,
        LinkAdministrator,
        "The application is for accounts of its own Google Workspace alone, and this account is of none or of another.",
        "Consent with an account of the Workspace, or set the application's audience to External in the Google Cloud \
         console.",
    ),
    // GitHub.
    Row::error(
        "incorrect_client_credentials",
        Link,
        LinkAdministrator,
        "{Provider} does not accept the link's client id and secret.",
        "Enter both again, without spaces around them. Nobody needs to consent again.",
    )
    .refusing_client(),
    Row::error(
        "bad_verification_code",
        Ended,
        MailboxOwner,
        "The authorization code was damaged, had been used already, or had expired.",
        "Begin the consent again from its start page.",
    ),
    Row::error(
        "bad_refresh_token",
        Ended,
        MailboxOwner,
        "{Provider} no longer accepts the refresh token: it expired, or it had been used already.",
        "Ask the account's owner to consent again.",
    ),
    Row::error(
        "unverified_user_email",
        Blocked,
        MailboxOwner,
        "The account's e-mail address is not verified at {provider}.",
        "Ask the account's owner to verify the address there, and to consent again.",
    ),
    Row::error(
        "device_flow_disabled",
        Link,
        LinkAdministrator,
        "Device codes are switched off for this client at {provider}.",
        "Switch the device flow on in the client's settings at {provider}.",
    ),
    // Everybody.
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        CONSENT_OVER,
        "Ask the mailbox's owner to consent again.",
    ),
    Row::error(
        "interaction_required",
        Ended,
        MailboxOwner,
        "{Provider} wants the account to sign in again.",
        "Ask the mailbox's owner to consent again.",
    ),
    Row::error(
        "login_required",
        Ended,
        MailboxOwner,
        "{Provider} wants the account to sign in again.",
        "Ask the mailbox's owner to consent again.",
    ),
    Row::error(
        "consent_required",
        Ended,
        MailboxOwner,
        "{Provider} wants the consent to be given again.",
        "Ask the mailbox's owner to consent again.",
    ),
    Row::error(
        "invalid_client",
        Link,
        LinkAdministrator,
        "{Provider} does not accept the link's client id and secret.",
        "Enter both again, without spaces around them, and check that the secret has not expired. If they are right, try \
         another client authentication (client_secret_basic, client_secret_post). Nobody needs to consent again.",
    )
    .refusing_client(),
    // Keycloak says so of a wrong secret, where RFC 6749 §5.2 has `invalid_client`.
    Row::error(
        "unauthorized_client",
        Link,
        LinkAdministrator,
        "{Provider} does not accept the link's client id and secret.",
        "Enter both again, without spaces around them, and check that the secret has not expired. Nobody needs to consent \
         again.",
    )
    .with(Detail::Says("invalid client"))
    .refusing_client(),
    Row::error(
        "unauthorized_client",
        Blocked,
        LinkAdministrator,
        "{Provider} does not let this client get tokens in this way.",
        "Look in the client's registration at {provider} whether the grant types authorization code and refresh token \
         (or client credentials) are allowed.",
    ),
    Row::error(
        "unsupported_grant_type",
        Link,
        LinkAdministrator,
        "The token endpoint does not know this way of getting tokens.",
        "Check that the link's token endpoint is the one that the provider documents, and that its grant type is right.",
    ),
    Row::error(
        "unsupported_response_type",
        Link,
        LinkAdministrator,
        "The authorization endpoint does not hand out authorization codes to this client.",
        "Allow the authorization code flow in the client's registration at {provider}.",
    ),
    Row::error(
        "invalid_scope",
        Blocked,
        LinkAdministrator,
        "{Provider} does not accept the scopes that the link asks for.",
        "Compare the link's scopes with the provider's documentation, letter by letter, and with what the client's \
         registration allows.",
    ),
    Row::error(
        "invalid_target",
        Blocked,
        LinkAdministrator,
        "{Provider} does not accept the resource that is asked for.",
        "Check the parameter resource among the link's additional parameters.",
    ),
    Row::error(
        "invalid_resource",
        Blocked,
        LinkAdministrator,
        "{Provider} does not accept the resource that is asked for.",
        "Check the link's scopes, and the parameter resource among its additional parameters.",
    ),
    Row::error(
        "redirect_uri_mismatch",
        Blocked,
        LinkAdministrator,
        "The redirect URL is not registered at {provider}.",
        "Copy the link's redirect URL into the client's registration, letter by letter, and begin the consent again.",
    ),
    Row::error(
        "use_dpop_nonce",
        Link,
        LinkAdministrator,
        "{Provider} binds tokens to a key (DPoP), and mail servers have no place for the proof.",
        "Turn DPoP off for this client at {provider}.",
    ),
    Row::error(
        "invalid_dpop_proof",
        Link,
        LinkAdministrator,
        "{Provider} binds tokens to a key (DPoP), and mail servers have no place for the proof.",
        "Turn DPoP off for this client at {provider}.",
    ),
    Row::error(
        "invalid_request",
        Blocked,
        LinkAdministrator,
        "{Provider} does not understand the request.",
        "Read the provider's own words. Often the client authentication is not the one that it wants: try client_secret_post \
         instead of client_secret_basic, or the other way round.",
    ),
    Row::error(
        "access_denied",
        Blocked,
        MailboxOwner,
        "Access was denied at {provider}.",
        "Begin again and accept what is asked for. If nobody refused, the organisation may not allow this application: \
         ask its administrator.",
    ),
    Row::error(
        "temporarily_unavailable",
        Passing,
        Nobody,
        "{Provider} is busy or being maintained.",
        "Nothing is to be done; it is tried again.",
    ),
    Row::error(
        "server_error",
        Passing,
        Nobody,
        "{Provider} has a fault of its own.",
        "Nothing is to be done; it is tried again.",
    ),
    Row::error(
        "slow_down",
        Passing,
        Nobody,
        "{Provider} asks us to slow down.",
        "Nothing is to be done; it is tried again later.",
    ),
];

/// What `invalid_grant` means when a code is exchanged and nothing more is said (RFC 6749 §5.2).
pub(super) static CODE_REFUSED: Row = Row::error(
    "invalid_grant",
    Ended,
    MailboxOwner,
    "{Provider} does not accept the authorization code: it expired, it was used already, or the redirect URL is not the \
     one that was registered.",
    "Begin the consent again from its start page. If it comes back, compare the link's redirect URL with the one \
     registered at {provider}.",
);
