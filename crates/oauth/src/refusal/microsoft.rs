//! Entra's numbers (`AADSTS…`) and suberrors, sorted by who must act.
//!
//! Source: the provider's page "Microsoft Entra authentication and authorization error codes".

use outlink_model::grant::Actor::{LinkAdministrator, MailboxOwner, Nobody, TenantAdministrator};
use outlink_model::grant::FailureClass::{Blocked, Ended, Link, Passing};

use super::table::{Detail, Row};

pub(super) static ROWS: &[Row] = &[
    // The mailbox's owner must sign in again.
    Row::codes(
        &[50072, 50074, 50076, 50078, 50079, 50158],
        Ended,
        MailboxOwner,
        "{Provider} now asks for multi-factor authentication, which was not part of the consent.",
        "Ask the mailbox's owner to consent again and to complete the extra step. If it comes back, a Conditional Access \
         policy asks for it: talk to the tenant's administrator.",
    ),
    Row::codes(
        &[50173],
        Ended,
        MailboxOwner,
        "The tokens were revoked: the password was changed or reset, or somebody withdrew the sessions.",
        "Ask the mailbox's owner to consent again.",
    ),
    Row::codes(
        &[70008, 700082],
        Ended,
        MailboxOwner,
        "The refresh token ended because it was not used for too long (90 days).",
        "Ask the mailbox's owner to consent again. While this server runs, it uses every grant often enough.",
    ),
    Row::codes(
        &[70043],
        Ended,
        MailboxOwner,
        "A sign-in frequency policy of the tenant ended the consent.",
        "Ask the mailbox's owner to consent again. It will come back until the tenant's administrator exempts this \
         application from the policy.",
    ),
    Row::codes(
        &[700084],
        Ended,
        LinkAdministrator,
        "The refresh token has a fixed life of 24 hours, because the redirect URL is registered as a single-page \
         application.",
        "In the app registration, move the redirect URL to the platform Web, then let the mailbox's owner consent again.",
    ),
    Row::codes(
        &[50055],
        Ended,
        MailboxOwner,
        "The account's password has expired.",
        "Ask the mailbox's owner to change the password and to consent again.",
    ),
    Row::codes(
        &[70000, 50089, 50132, 50133, 50144],
        Ended,
        MailboxOwner,
        "{Provider} no longer accepts the refresh token: the session ended, or the password changed or expired.",
        "Ask the mailbox's owner to consent again.",
    ),
    Row::codes(
        &[65001, 65004],
        Ended,
        MailboxOwner,
        "Nobody has consented to all that is asked for, or the consent was declined.",
        "Ask the mailbox's owner to consent and to accept. If the tenant does not let people consent, its administrator \
         must consent for them.",
    ),
    // The flow itself went wrong; a new one mends it.
    Row::codes(
        &[54005],
        Ended,
        MailboxOwner,
        "The authorization code had been used already.",
        "Begin the consent again, and open the provider's answer only once.",
    ),
    Row::codes(
        &[501481, 50147, 700005],
        Ended,
        MailboxOwner,
        "The authorization code does not belong to this consent.",
        "Begin the consent again from its start page, in one browser.",
    ),
    // The tenant's administrator must act; asking again is pointless.
    Row::codes(
        &[90008, 90094, 90095],
        Blocked,
        TenantAdministrator,
        "The tenant lets only an administrator consent to this application.",
        "Ask the tenant's administrator to grant admin consent to the application in the Entra admin center, then consent \
         again.",
    ),
    Row::codes(
        &[650052, 650056, 650057, 500011, 7000229],
        Blocked,
        TenantAdministrator,
        "The application asks for a resource that its registration does not list or that the tenant does not have.",
        "Compare the link's scopes with the API permissions of the app registration, and have the tenant's administrator \
         consent. For mail, the tenant needs Exchange Online.",
    ),
    Row::codes(
        &[53003, 530032, 530035, 50131],
        Blocked,
        TenantAdministrator,
        "A Conditional Access policy or the security defaults of the tenant block this application.",
        "Ask the tenant's administrator to look the attempt up in the Entra sign-in log, by the ids in {provider}'s answer, and to exempt \
         this server's address or the application.",
    ),
    Row::codes(
        &[53000, 53001, 53002, 53011, 50005, 50097],
        Blocked,
        TenantAdministrator,
        "The tenant lets only managed devices sign in, and a server is none.",
        "Ask the tenant's administrator to exempt the application or the account from the device policy.",
    ),
    Row::codes(
        &[50105],
        Blocked,
        TenantAdministrator,
        "The account is not assigned to the application, and the tenant demands it.",
        "Ask the tenant's administrator to assign the account under Enterprise applications, Users and groups.",
    ),
    Row::codes(
        &[50020, 90072, 500212, 500213],
        Blocked,
        TenantAdministrator,
        "The account belongs to another tenant, which this application or the tenant's cross-tenant policy does not admit.",
        "Consent with an account of the right tenant, or ask the tenant's administrator to admit it.",
    ),
    Row::codes(
        &[50034],
        Blocked,
        TenantAdministrator,
        "The account does not exist in this tenant.",
        "Check whether the account was deleted or renamed, and whether the link's endpoints name the right tenant.",
    ),
    Row::codes(
        &[50057],
        Blocked,
        TenantAdministrator,
        "The account is disabled.",
        "Ask the tenant's administrator to enable the account, or use another one for this mailbox.",
    ),
    // The link must be mended; refresh tokens stay good.
    Row::codes(
        &[7000222],
        Link,
        LinkAdministrator,
        "The client secret has expired.",
        "Make a new client secret in the app registration and enter its value in the link. Nobody needs to consent again.",
    )
    .refusing_client(),
    Row::codes(
        &[7000215, 70002],
        Link,
        LinkAdministrator,
        "The client secret is wrong.",
        "Enter the secret's value in the link, not its id (both are shown in the app registration). Nobody needs to \
         consent again.",
    )
    .refusing_client(),
    Row::codes(
        &[7000218],
        Link,
        LinkAdministrator,
        "The application is registered as a confidential client, but no client secret was sent.",
        "Enter a client secret in the link and choose client_secret_post as its client authentication.",
    ),
    Row::codes(
        &[700025],
        Link,
        LinkAdministrator,
        "The application is registered as a public client, but a client secret was sent.",
        "Register the redirect URL under the platform Web, or choose none as the link's client authentication.",
    ),
    Row::codes(
        &[700027, 50012, 700030, 500133],
        Link,
        LinkAdministrator,
        "{Provider} does not accept the signed assertion: its certificate, its signature or its time is wrong.",
        "Check that the certificate in the app registration is the link's, that it has not expired, and that this \
         server's clock is right.",
    )
    .refusing_client(),
    Row::codes(
        &[700016, 70001],
        Link,
        LinkAdministrator,
        "{Provider} knows no application with this client id in this tenant.",
        "Check the link's client id (the Application ID) and the tenant in its endpoints.",
    ),
    Row::codes(
        &[90002, 900023],
        Link,
        LinkAdministrator,
        "There is no such tenant in this cloud.",
        "Check the tenant's id or domain in the link's endpoints, and that the endpoints are those of its cloud.",
    ),
    Row::codes(
        &[7000112, 1000031],
        Link,
        LinkAdministrator,
        "The application is disabled in this tenant.",
        "Have it enabled under Enterprise applications, Properties.",
    ),
    Row::codes(
        &[50194, 9002332, 9001023, 90124, 90130, 50059],
        Link,
        LinkAdministrator,
        "The application does not fit the kind of endpoint: the link's endpoints name the wrong tenant.",
        "Replace common in both endpoints by the tenant's id or domain (or the other way round, for accounts of any \
         tenant), and register the new redirect URL.",
    ),
    Row::codes(
        &[900382, 900432, 90038],
        Link,
        LinkAdministrator,
        "The application and the endpoints belong to different clouds of Microsoft.",
        "Use the endpoints of the cloud in which the application is registered; each cloud needs a registration of its own.",
    ),
    Row::codes(
        &[50011, 70004, 900971],
        Blocked,
        LinkAdministrator,
        "The redirect URL is not registered at {provider}.",
        "Copy the link's redirect URL into the app registration, platform Web, letter by letter.",
    ),
    Row::codes(
        &[28000, 28002, 28003, 70011, 700022, 700023, 90009],
        Blocked,
        LinkAdministrator,
        "{Provider} does not accept the scopes together.",
        "Ask for scopes of one resource alone, such as https://outlook.office.com/IMAP.AccessAsUser.All, besides \
         offline_access openid email.",
    ),
    Row::codes(
        &[900144],
        Blocked,
        LinkAdministrator,
        "{Provider} misses something in the request, mostly the scopes.",
        "Read {provider}'s own words, which name it, and enter the link's scopes.",
    ),
    Row::codes(
        &[1002012],
        Blocked,
        LinkAdministrator,
        "With client credentials {provider} takes only a scope that ends with /.default.",
        "Enter https://outlook.office365.com/.default as the link's scope, alone (in other clouds, their own address).",
    ),
    Row::codes(
        &[901002],
        Blocked,
        LinkAdministrator,
        "{Provider} does not take the parameter resource.",
        "Remove it from the link's additional parameters; the scopes name the resource.",
    ),
    // It passes.
    Row::codes(
        &[50196],
        Passing,
        Nobody,
        "{Provider} saw too many equal requests in a short time and asks us to slow down.",
        "Nothing is to be done now. If it comes back, look for another program that uses the same client and account.",
    )
    .waiting(300),
    Row::codes(
        &[
            90006, 90012, 90024, 90033, 90055, 50033, 50087, 50088, 40010, 80002, 80005, 90090,
            70012,
        ],
        Passing,
        Nobody,
        "{Provider} has a passing fault of its own.",
        "Nothing is to be done; it is tried again.",
    ),
    // Suberrors, where no number says more.
    Row::error(
        "invalid_grant",
        Blocked,
        TenantAdministrator,
        "{Provider} refuses, and signing in again would not help.",
        "Ask the tenant's administrator to look the attempt up in the sign-in log, by the ids in {provider}'s answer.",
    )
    .with(Detail::Sub("message_only")),
    Row::error(
        "interaction_required",
        Blocked,
        TenantAdministrator,
        "{Provider} refuses, and signing in again would not help.",
        "Ask the tenant's administrator to look the attempt up in the sign-in log, by the ids in {provider}'s answer.",
    )
    .with(Detail::Sub("message_only")),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "The account's password has expired.",
        "Ask the mailbox's owner to change the password and to consent again.",
    )
    .with(Detail::Sub("user_password_expired")),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "{Provider} wants the consent to be given again.",
        "Ask the mailbox's owner to consent again; the tenant's administrator may have to consent as well.",
    )
    .with(Detail::Sub("consent_required")),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "{Provider} no longer accepts the refresh token.",
        "Ask the mailbox's owner to consent again.",
    )
    .with(Detail::Sub("bad_token")),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "{Provider} wants the account to sign in again, with an extra step.",
        "Ask the mailbox's owner to consent again and to complete every step.",
    )
    .with(Detail::Sub("basic_action")),
    Row::error(
        "invalid_grant",
        Ended,
        MailboxOwner,
        "{Provider} wants the account to sign in again, with an extra step outside of the sign-in itself.",
        "Ask the mailbox's owner to consent again and to complete every step.",
    )
    .with(Detail::Sub("additional_action")),
];
