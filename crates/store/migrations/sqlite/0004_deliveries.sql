-- Mail on its way out.

-- The outgoing mail server that sends what a handler sends.
ALTER TABLE handlers ADD COLUMN outgoing_id TEXT REFERENCES mail_servers (id);
CREATE INDEX handlers_outgoing_id ON handlers (outgoing_id) WHERE outgoing_id IS NOT NULL;

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY NOT NULL,
    mail_server_id TEXT NOT NULL REFERENCES mail_servers (id),
    -- Of a handler that may have been deleted since.
    handler_id TEXT,
    kind TEXT NOT NULL,
    message_id TEXT REFERENCES messages (id),
    issue_id TEXT REFERENCES issues (id),
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Its own Message-ID.
    mail_id TEXT NOT NULL,
    in_reply_to TEXT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    trouble TEXT,
    created_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX deliveries_waiting ON deliveries (mail_server_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_state ON deliveries (state, id) WHERE state <> 'sent';
CREATE INDEX deliveries_mail_server_id ON deliveries (mail_server_id, id);
CREATE INDEX deliveries_message_id ON deliveries (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX deliveries_issue_id ON deliveries (issue_id) WHERE issue_id IS NOT NULL;
