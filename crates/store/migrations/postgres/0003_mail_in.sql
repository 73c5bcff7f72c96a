-- Mail in, complete: every field of mail servers and handlers, POP3, logs, and what an issue takes from a mail.

-- From now on the names of several folders, one a line.
ALTER TABLE mail_servers RENAME COLUMN folder TO folders;
ALTER TABLE mail_servers ADD COLUMN description TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE mail_servers ADD COLUMN after_handling TEXT COLLATE "C" NOT NULL DEFAULT 'keep';
ALTER TABLE mail_servers ADD COLUMN move_to TEXT COLLATE "C";
ALTER TABLE mail_servers ADD COLUMN take_since BIGINT;
ALTER TABLE mail_servers ADD COLUMN idle BIGINT NOT NULL DEFAULT 1;
ALTER TABLE mail_servers ADD COLUMN time_limit_seconds BIGINT NOT NULL DEFAULT 60;
ALTER TABLE mail_servers ADD COLUMN authserv_id TEXT COLLATE "C";
ALTER TABLE mail_servers ADD COLUMN note TEXT COLLATE "C";
ALTER TABLE mail_servers ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
-- A server that was deleted and whose messages stay.
ALTER TABLE mail_servers ADD COLUMN deleted_at BIGINT;
UPDATE mail_servers SET updated_at = created_at;

-- Messages below it lay there when the folder was first seen.
ALTER TABLE folders ADD COLUMN first_uid BIGINT NOT NULL DEFAULT 0;

CREATE TABLE connections (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id) ON DELETE CASCADE,
    began_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    trouble TEXT COLLATE "C",
    polls BIGINT NOT NULL,
    messages BIGINT NOT NULL
);
CREATE INDEX connections_mail_server_id ON connections (mail_server_id, id);
CREATE INDEX grants_by_state ON grants (state, id);
CREATE INDEX connections_last_at ON connections (last_at);

ALTER TABLE handlers ADD COLUMN position BIGINT NOT NULL DEFAULT 0;
ALTER TABLE handlers ADD COLUMN settings TEXT COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE handlers ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
UPDATE handlers SET updated_at = created_at;

-- The lists of senders that hold for all handlers.
CREATE TABLE sender_rules (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    list TEXT COLLATE "C" NOT NULL,
    rule TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (list, rule)
);

ALTER TABLE messages ADD COLUMN uidl TEXT COLLATE "C";
-- Of a handler that may have been deleted since.
ALTER TABLE messages ADD COLUMN handler_id TEXT COLLATE "C";
-- The sender's address alone, in lower case.
ALTER TABLE messages ADD COLUMN address TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN authentication TEXT COLLATE "C" NOT NULL DEFAULT 'none';
ALTER TABLE messages ADD COLUMN delete_there BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX messages_uidl ON messages (mail_server_id, uidl) WHERE uidl IS NOT NULL;
CREATE INDEX messages_address ON messages (address, internal_date) WHERE issue_id IS NOT NULL;
CREATE INDEX messages_outcome ON messages (outcome, id) WHERE outcome <> 'created' AND outcome <> 'commented';

ALTER TABLE issues ADD COLUMN issue_type TEXT COLLATE "C" NOT NULL DEFAULT 'Task';
ALTER TABLE issues ADD COLUMN priority TEXT COLLATE "C";
ALTER TABLE issues ADD COLUMN labels TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE issues ADD COLUMN assignee_id TEXT COLLATE "C" REFERENCES people (id);

-- Keys that issues had before they were moved to another project.
CREATE TABLE former_keys (
    key TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    issue_id TEXT COLLATE "C" NOT NULL REFERENCES issues (id)
);
CREATE INDEX former_keys_issue_id ON former_keys (issue_id);

CREATE TABLE watchers (
    issue_id TEXT COLLATE "C" NOT NULL REFERENCES issues (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    PRIMARY KEY (issue_id, person_id)
);

-- The addresses, in lower case, that have a part in an issue: those who wrote in it, and those who were written to.
CREATE TABLE involved (
    issue_id TEXT COLLATE "C" NOT NULL REFERENCES issues (id),
    address TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (issue_id, address)
);
INSERT INTO involved (issue_id, address)
    SELECT i.id, p.address FROM issues i JOIN people p ON p.id = i.reporter_id WHERE p.address <> ''
    UNION
    SELECT c.issue_id, p.address FROM comments c JOIN people p ON p.id = c.author_id WHERE p.address <> '';

-- The mail server that a consent was begun from, and that signs in with the grant that comes of it.
ALTER TABLE consents ADD COLUMN mail_server_id TEXT COLLATE "C" REFERENCES mail_servers (id) ON DELETE SET NULL;
CREATE INDEX consents_mail_server_id ON consents (mail_server_id);

-- Messages of a POP3 server that lay there before they were wanted: they are not looked at again.
CREATE TABLE passed_over (
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id) ON DELETE CASCADE,
    uidl TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (mail_server_id, uidl)
);

-- Whether raw bytes are still needed is asked by message; those that were let go are not asked about again.
CREATE INDEX attachments_message_id ON attachments (message_id);
CREATE INDEX raws_kept ON raws (sha256) WHERE length(packed) > 0;
