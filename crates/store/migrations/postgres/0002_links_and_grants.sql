-- Links and grants in all their fields, hand-outs of access tokens, health events and webhooks.

ALTER TABLE links ADD COLUMN direction TEXT COLLATE "C" NOT NULL DEFAULT 'outgoing';
ALTER TABLE links ADD COLUMN enabled BIGINT NOT NULL DEFAULT 1;
ALTER TABLE links ADD COLUMN signing_alg TEXT COLLATE "C";
ALTER TABLE links ADD COLUMN revocation_endpoint TEXT COLLATE "C";
ALTER TABLE links ADD COLUMN device_authorization_endpoint TEXT COLLATE "C";
ALTER TABLE links ADD COLUMN introspection_endpoint TEXT COLLATE "C";
ALTER TABLE links ADD COLUMN requires_iss BIGINT NOT NULL DEFAULT 0;
-- An issuer that was entered by hand has been asked for in every callback so far.
UPDATE links SET requires_iss = 1 WHERE provider = 'custom' AND issuer IS NOT NULL;
ALTER TABLE links ADD COLUMN scope_separator TEXT COLLATE "C" NOT NULL DEFAULT 'space';
ALTER TABLE links ADD COLUMN pkce BIGINT NOT NULL DEFAULT 1;
ALTER TABLE links ADD COLUMN token_params TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- A link's secret moves into a table of its own, since there can be two. The sealed text is bound to the name
-- links.client_secret and the row's id; the first secret of an older link keeps both, so it need not be opened here.
CREATE TABLE client_secrets (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    link_id TEXT COLLATE "C" NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    value BYTEA NOT NULL,
    certificate TEXT COLLATE "C",
    key_id TEXT COLLATE "C",
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
ALTER TABLE grants ADD COLUMN assertion_subject TEXT COLLATE "C";
ALTER TABLE grants ADD COLUMN refresh_expires_at BIGINT;
ALTER TABLE grants ADD COLUMN bound_to TEXT COLLATE "C";
-- What is due is asked link by link, and so is which of a link's grants are refused.
DROP INDEX grants_next_refresh_at;
CREATE INDEX grants_due ON grants (link_id, next_refresh_at);
CREATE INDEX grants_state ON grants (link_id, state, issued_at);

-- What became of the kept tokens: overtaken while they were under way, or replaced by a new consent.
ALTER TABLE grant_leftovers ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'overtaken';
ALTER TABLE grant_leftovers ADD COLUMN bound_to TEXT COLLATE "C";
ALTER TABLE grant_leftovers ADD COLUMN refresh_expires_at BIGINT;
ALTER TABLE grant_leftovers ADD COLUMN issuer TEXT COLLATE "C";
ALTER TABLE grant_leftovers ADD COLUMN subject TEXT COLLATE "C";
ALTER TABLE grant_leftovers ADD COLUMN email TEXT COLLATE "C";

-- A consent by device code (RFC 8628) is asked about until it is given.
ALTER TABLE consents ADD COLUMN device_code BYTEA;
ALTER TABLE consents ADD COLUMN user_code TEXT COLLATE "C";
ALTER TABLE consents ADD COLUMN verification_uri TEXT COLLATE "C";
ALTER TABLE consents ADD COLUMN verification_uri_complete TEXT COLLATE "C";
ALTER TABLE consents ADD COLUMN poll_seconds BIGINT;
ALTER TABLE consents ADD COLUMN next_poll_at BIGINT;
ALTER TABLE consents ADD COLUMN bound_to TEXT COLLATE "C";
CREATE INDEX consents_next_poll_at ON consents (next_poll_at);
-- What is deleted takes its consents along, and looks for them.
CREATE INDEX consents_link_id ON consents (link_id);
CREATE INDEX consents_grant_id ON consents (grant_id);
CREATE INDEX consents_done_grant_id ON consents (done_grant_id);

CREATE TABLE token_grants (
    token_id TEXT COLLATE "C" NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, grant_id)
);
CREATE INDEX token_grants_grant_id ON token_grants (grant_id);

-- The record of hand-outs outlives the token and the grant that it tells of.
CREATE TABLE hand_outs (
    token_id TEXT COLLATE "C" NOT NULL,
    grant_id TEXT COLLATE "C" NOT NULL,
    minute BIGINT NOT NULL,
    count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    addresses TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (token_id, grant_id, minute)
);
CREATE INDEX hand_outs_grant_id ON hand_outs (grant_id, minute, token_id);
CREATE INDEX hand_outs_minute ON hand_outs (minute, token_id, grant_id);

ALTER TABLE events ADD COLUMN class TEXT COLLATE "C" NOT NULL DEFAULT 'audit';
CREATE INDEX events_class ON events (class, id);

CREATE TABLE webhooks (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    url TEXT COLLATE "C" NOT NULL,
    secret BYTEA NOT NULL,
    enabled BIGINT NOT NULL,
    ok_at BIGINT,
    trouble TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id TEXT COLLATE "C" NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, event_id, id);
CREATE INDEX webhook_deliveries_event_id ON webhook_deliveries (event_id);

-- One row for each provider: when the next call to its token endpoint may go out, over all nodes. It lies in the past
-- while calls are left that may go out together.
CREATE TABLE provider_calls (
    host TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    next_at BIGINT NOT NULL
);

CREATE INDEX mail_servers_grant_id ON mail_servers (grant_id);
