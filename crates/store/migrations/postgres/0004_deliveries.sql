-- Mail on its way out.

-- The outgoing mail server that sends what a handler sends.
ALTER TABLE handlers ADD COLUMN outgoing_id TEXT COLLATE "C" REFERENCES mail_servers (id);
CREATE INDEX handlers_outgoing_id ON handlers (outgoing_id) WHERE outgoing_id IS NOT NULL;

-- A delivery may be written before its message, within the same transaction.
CREATE TABLE deliveries (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id),
    -- Of a handler that may have been deleted since.
    handler_id TEXT COLLATE "C",
    kind TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    issue_id TEXT COLLATE "C" REFERENCES issues (id),
    recipient TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    -- Its own Message-ID.
    mail_id TEXT COLLATE "C" NOT NULL,
    in_reply_to TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    unanswered BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    trouble TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    done_at BIGINT
);
-- Of many servers few are sent through.
CREATE INDEX mail_servers_outgoing ON mail_servers (next_poll_at) WHERE direction = 'outgoing';
CREATE INDEX deliveries_waiting ON deliveries (mail_server_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_state ON deliveries (state, id) WHERE state <> 'sent';
CREATE INDEX deliveries_done_at ON deliveries (done_at) WHERE state <> 'waiting';
CREATE INDEX deliveries_mail_server_id ON deliveries (mail_server_id, id);
CREATE INDEX deliveries_message_id ON deliveries (message_id, id) WHERE message_id IS NOT NULL;
CREATE INDEX deliveries_issue_id ON deliveries (issue_id, id) WHERE issue_id IS NOT NULL;
-- How many notices went out lately.
CREATE INDEX deliveries_notices ON deliveries (mail_server_id, created_at) WHERE kind = 'notice';

-- What one sender has written counts where it was sent on, too; that is of no issue.
CREATE INDEX messages_forwarded ON messages (address, internal_date) WHERE outcome = 'forwarded';

-- Since when somebody waits for whoever is at the server to make room. Whoever is there next has made it.
ALTER TABLE mail_servers ADD COLUMN wanted_at BIGINT;
CREATE INDEX mail_servers_wanted ON mail_servers (id) WHERE wanted_at IS NOT NULL;

-- All grants are counted without reading one of them. A row of an index has its limit of length, which where tokens came
-- from can exceed: those few are counted apart. So are those that end with an access token that lives for a short time.
CREATE INDEX grants_bound ON grants (link_id, state, bound_to) WHERE length(bound_to) <= 600;
CREATE INDEX grants_not_bound ON grants (link_id, state)
    WHERE CASE WHEN length(bound_to) <= 600 THEN 0 ELSE 1 END = 1;
CREATE INDEX grants_ending ON grants ((expires_at - issued_at))
    WHERE refresh_token IS NULL AND self_renewing = 0;
