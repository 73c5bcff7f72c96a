-- Links and grants in all their fields, hand-outs of access tokens, health events and webhooks.

ALTER TABLE links ADD COLUMN direction TEXT NOT NULL DEFAULT 'outgoing';
ALTER TABLE links ADD COLUMN enabled BIGINT NOT NULL DEFAULT 1;
ALTER TABLE links ADD COLUMN signing_alg TEXT;
ALTER TABLE links ADD COLUMN revocation_endpoint TEXT;
ALTER TABLE links ADD COLUMN device_authorization_endpoint TEXT;
ALTER TABLE links ADD COLUMN introspection_endpoint TEXT;
ALTER TABLE links ADD COLUMN requires_iss BIGINT NOT NULL DEFAULT 0;
-- An issuer that was entered by hand has been asked for in every callback so far.
UPDATE links SET requires_iss = 1 WHERE provider = 'custom' AND issuer IS NOT NULL;
ALTER TABLE links ADD COLUMN scope_separator TEXT NOT NULL DEFAULT 'space';
ALTER TABLE links ADD COLUMN pkce BIGINT NOT NULL DEFAULT 1;
ALTER TABLE links ADD COLUMN token_params TEXT NOT NULL DEFAULT '[]';

-- A link's secret moves into a table of its own, since there can be two. The sealed text is bound to the name
-- links.client_secret and the row's id; the first secret of an older link keeps both, so it need not be opened here.
CREATE TABLE client_secrets (
    id TEXT PRIMARY KEY NOT NULL,
    link_id TEXT NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    value BLOB NOT NULL,
    certificate TEXT,
    key_id TEXT,
    -- The one with the smallest number is used first.
    place BIGINT NOT NULL,
    expires_at BIGINT,
    -- The last warning about its end, in days before it.
    warned BIGINT,
    refused_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX client_secrets_link_id ON client_secrets (link_id, place);
CREATE INDEX client_secrets_expires_at ON client_secrets (expires_at);
INSERT INTO client_secrets (id, link_id, value, place, created_at)
    SELECT id, id, client_secret, 0, created_at FROM links WHERE client_secret IS NOT NULL;
ALTER TABLE links DROP COLUMN client_secret;

ALTER TABLE grants ADD COLUMN self_renewing BIGINT NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN assertion_subject TEXT;
ALTER TABLE grants ADD COLUMN refresh_expires_at BIGINT;
ALTER TABLE grants ADD COLUMN bound_to TEXT;
-- What is due is asked link by link, and so is which of a link's grants are refused.
DROP INDEX grants_next_refresh_at;
CREATE INDEX grants_due ON grants (link_id, next_refresh_at);
CREATE INDEX grants_state ON grants (link_id, state, issued_at);

-- What became of the kept tokens: overtaken while they were under way, or replaced by a new consent.
ALTER TABLE grant_leftovers ADD COLUMN kind TEXT NOT NULL DEFAULT 'overtaken';
ALTER TABLE grant_leftovers ADD COLUMN bound_to TEXT;
ALTER TABLE grant_leftovers ADD COLUMN refresh_expires_at BIGINT;
ALTER TABLE grant_leftovers ADD COLUMN issuer TEXT;
ALTER TABLE grant_leftovers ADD COLUMN subject TEXT;
ALTER TABLE grant_leftovers ADD COLUMN email TEXT;

-- A consent by device code (RFC 8628) is asked about until it is given.
ALTER TABLE consents ADD COLUMN device_code BLOB;
ALTER TABLE consents ADD COLUMN user_code TEXT;
ALTER TABLE consents ADD COLUMN verification_uri TEXT;
ALTER TABLE consents ADD COLUMN verification_uri_complete TEXT;
ALTER TABLE consents ADD COLUMN poll_seconds BIGINT;
ALTER TABLE consents ADD COLUMN next_poll_at BIGINT;
ALTER TABLE consents ADD COLUMN bound_to TEXT;
CREATE INDEX consents_next_poll_at ON consents (next_poll_at);
-- What is deleted takes its consents along, and looks for them.
CREATE INDEX consents_link_id ON consents (link_id);
CREATE INDEX consents_grant_id ON consents (grant_id);
CREATE INDEX consents_done_grant_id ON consents (done_grant_id);

CREATE TABLE token_grants (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, grant_id)
);
CREATE INDEX token_grants_grant_id ON token_grants (grant_id);

-- The record of hand-outs outlives the token and the grant that it tells of.
CREATE TABLE hand_outs (
    token_id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    minute BIGINT NOT NULL,
    count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    addresses TEXT NOT NULL,
    PRIMARY KEY (token_id, grant_id, minute)
);
CREATE INDEX hand_outs_grant_id ON hand_outs (grant_id, minute, token_id);
CREATE INDEX hand_outs_minute ON hand_outs (minute, token_id, grant_id);

ALTER TABLE events ADD COLUMN class TEXT NOT NULL DEFAULT 'audit';
CREATE INDEX events_class ON events (class, id);

CREATE TABLE webhooks (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    secret BLOB NOT NULL,
    enabled BIGINT NOT NULL,
    ok_at BIGINT,
    trouble TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY NOT NULL,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, event_id, id);
CREATE INDEX webhook_deliveries_event_id ON webhook_deliveries (event_id);

-- One row for each provider: when the next call to its token endpoint may go out, over all nodes. It lies in the past
-- while calls are left that may go out together.
CREATE TABLE provider_calls (
    host TEXT PRIMARY KEY NOT NULL,
    next_at BIGINT NOT NULL
);

CREATE INDEX mail_servers_grant_id ON mail_servers (grant_id);
