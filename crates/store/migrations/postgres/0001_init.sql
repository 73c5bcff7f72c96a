-- Text, BIGINT and bytes, and nothing else: times are microseconds since 1970 UTC, flags are 0 or 1, small lists and
-- records are JSON text, ids are UUIDs (version 7, so their order is the order of time). The two migration folders
-- differ in the column types alone; a test compares them.

CREATE TABLE meta (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

-- Sessions, sign-ins and tokens are found by the SHA-256 of what their holder shows; the thing itself is kept nowhere.
CREATE TABLE sessions (
    hash BYTEA PRIMARY KEY NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE sign_ins (
    hash BYTEA PRIMARY KEY NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    hash BYTEA NOT NULL UNIQUE,
    scopes TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

-- A link is marked while trouble is set.
CREATE TABLE links (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    grant_type TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    client_secret BYTEA,
    client_auth TEXT COLLATE "C" NOT NULL,
    authorization_endpoint TEXT COLLATE "C",
    token_endpoint TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C",
    userinfo_endpoint TEXT COLLATE "C",
    scope TEXT COLLATE "C" NOT NULL,
    authorization_params TEXT COLLATE "C" NOT NULL,
    token_hosts TEXT COLLATE "C" NOT NULL,
    trouble TEXT COLLATE "C",
    failures BIGINT NOT NULL,
    probe_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE grants (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    link_id TEXT COLLATE "C" NOT NULL REFERENCES links (id),
    issuer TEXT COLLATE "C",
    subject TEXT COLLATE "C",
    email TEXT COLLATE "C",
    email_folded TEXT COLLATE "C",
    scopes TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    trouble TEXT COLLATE "C",
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL,
    access_token BYTEA NOT NULL,
    refresh_token BYTEA,
    expires_at BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    next_refresh_at BIGINT,
    intent_at BIGINT,
    intent_retried BIGINT NOT NULL,
    lease_holder TEXT COLLATE "C",
    lease_until BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX grants_link_id ON grants (link_id, id);
CREATE INDEX grants_email_folded ON grants (email_folded);
CREATE INDEX grants_next_refresh_at ON grants (next_refresh_at);

-- Answers of the provider that came too late to be the grant's tokens. The id is made from the answer.
CREATE TABLE grant_leftovers (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    access_token BYTEA NOT NULL,
    refresh_token BYTEA,
    expires_at BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    scopes TEXT COLLATE "C"
);
CREATE INDEX grant_leftovers_grant_id ON grant_leftovers (grant_id);

CREATE TABLE consents (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    link_id TEXT COLLATE "C" NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    grant_id TEXT COLLATE "C" REFERENCES grants (id) ON DELETE CASCADE,
    login_hint TEXT COLLATE "C",
    start_hash BYTEA NOT NULL UNIQUE,
    state TEXT COLLATE "C" NOT NULL,
    begun_at BIGINT,
    done_grant_id TEXT COLLATE "C" REFERENCES grants (id) ON DELETE CASCADE,
    reason TEXT COLLATE "C",
    state_hash BYTEA UNIQUE,
    browser_hash BYTEA,
    verifier BYTEA,
    nonce TEXT COLLATE "C",
    redirect_url TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE mail_servers (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    direction TEXT COLLATE "C" NOT NULL,
    protocol TEXT COLLATE "C" NOT NULL,
    security TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    port BIGINT NOT NULL,
    mailbox TEXT COLLATE "C" NOT NULL,
    grant_id TEXT COLLATE "C" REFERENCES grants (id),
    password BYTEA,
    folder TEXT COLLATE "C" NOT NULL,
    take TEXT COLLATE "C" NOT NULL,
    poll_seconds BIGINT NOT NULL,
    paused BIGINT NOT NULL,
    ok_at BIGINT,
    trouble TEXT COLLATE "C",
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    next_poll_at BIGINT NOT NULL,
    lease_holder TEXT COLLATE "C",
    lease_until BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX mail_servers_next_poll_at ON mail_servers (next_poll_at);

CREATE TABLE folders (
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    uid_validity BIGINT NOT NULL,
    last_uid BIGINT NOT NULL,
    PRIMARY KEY (mail_server_id, name)
);

CREATE TABLE projects (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    next_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE handlers (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id),
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    kind TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX handlers_mail_server_id ON handlers (mail_server_id, id);

CREATE TABLE people (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    address TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL
);

CREATE TABLE issues (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    summary TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    reporter_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    comment_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX issues_project_id ON issues (project_id, id);

-- The way back from a comment to its message has no constraint: the message's row names the comment, and each cannot be
-- written before the other.
CREATE TABLE comments (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    issue_id TEXT COLLATE "C" NOT NULL REFERENCES issues (id),
    author_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    body TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
CREATE INDEX comments_issue_id ON comments (issue_id, id);

-- Raw messages, once per SHA-256, compressed by zstd. Not sealed.
CREATE TABLE raws (
    sha256 BYTEA PRIMARY KEY NOT NULL,
    size BIGINT NOT NULL,
    packed BYTEA NOT NULL
);

CREATE TABLE messages (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    mail_server_id TEXT COLLATE "C" NOT NULL REFERENCES mail_servers (id),
    folder TEXT COLLATE "C" NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    message_id TEXT COLLATE "C",
    sha256 BYTEA REFERENCES raws (sha256),
    internal_date BIGINT NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    issue_id TEXT COLLATE "C" REFERENCES issues (id),
    comment_id TEXT COLLATE "C" REFERENCES comments (id),
    received_at BIGINT NOT NULL,
    flagged BIGINT NOT NULL,
    UNIQUE (mail_server_id, folder, uid_validity, uid)
);
CREATE INDEX messages_mail_server_id ON messages (mail_server_id, id);
CREATE INDEX messages_message_id ON messages (message_id);
CREATE INDEX messages_sha256 ON messages (sha256, mail_server_id, id);
CREATE INDEX messages_issue_id ON messages (issue_id);
CREATE INDEX messages_unflagged ON messages (mail_server_id, folder, uid_validity, uid)
    WHERE flagged = 0 AND outcome <> 'unhandled';

-- An attachment may be written before its message, within the same transaction.
CREATE TABLE attachments (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    issue_id TEXT COLLATE "C" NOT NULL REFERENCES issues (id),
    comment_id TEXT COLLATE "C" REFERENCES comments (id),
    message_id TEXT COLLATE "C" NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    part_offset BIGINT NOT NULL,
    part_length BIGINT NOT NULL,
    encoding TEXT COLLATE "C" NOT NULL
);
CREATE INDEX attachments_issue_id ON attachments (issue_id, id);

CREATE TABLE events (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C",
    actor TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    hint TEXT COLLATE "C" NOT NULL
);
