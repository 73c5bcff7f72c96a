-- Mail on its way out.

-- The outgoing mail server that sends what a handler sends.
ALTER TABLE handlers ADD COLUMN outgoing_id TEXT COLLATE "C" REFERENCES mail_servers (id);
CREATE INDEX handlers_outgoing_id ON handlers (outgoing_id) WHERE outgoing_id IS NOT NULL;

CREATE TABLE deliveries (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id),
    -- Of a handler that may have been deleted since.
    handler_id TEXT COLLATE "C",
    kind TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C" REFERENCES messages (id),
    issue_id TEXT COLLATE "C" REFERENCES issues (id),
    recipient TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    -- Its own Message-ID.
    mail_id TEXT COLLATE "C" NOT NULL,
    in_reply_to TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    trouble TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX deliveries_waiting ON deliveries (mail_server_id, next_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_state ON deliveries (state, id) WHERE state <> 'sent';
CREATE INDEX deliveries_mail_server_id ON deliveries (mail_server_id, id);
CREATE INDEX deliveries_message_id ON deliveries (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX deliveries_issue_id ON deliveries (issue_id) WHERE issue_id IS NOT NULL;
