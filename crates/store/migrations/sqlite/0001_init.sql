-- Text, BIGINT and bytes, and nothing else: times are microseconds since 1970 UTC, flags are 0 or 1, small lists and
-- records are JSON text, ids are UUIDs (version 7, so their order is the order of time). The two migration folders
-- differ in the column types alone; a test compares them.

CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Sessions, sign-ins and tokens are found by the SHA-256 of what their holder shows; the thing itself is kept nowhere.
CREATE TABLE sessions (
    hash BLOB PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE sign_ins (
    hash BLOB PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A link is marked while trouble is set.
CREATE TABLE links (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    provider TEXT NOT NULL,
    grant_type TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BLOB,
    client_auth TEXT NOT NULL,
    authorization_endpoint TEXT,
    token_endpoint TEXT NOT NULL,
    issuer TEXT,
    userinfo_endpoint TEXT,
    scope TEXT NOT NULL,
    authorization_params TEXT NOT NULL,
    token_hosts TEXT NOT NULL,
    trouble TEXT,
    failures BIGINT NOT NULL,
    probe_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE grants (
    id TEXT PRIMARY KEY NOT NULL,
    link_id TEXT NOT NULL REFERENCES links (id),
    issuer TEXT,
    subject TEXT,
    email TEXT,
    email_folded TEXT,
    scopes TEXT NOT NULL,
    generation BIGINT NOT NULL,
    state TEXT NOT NULL,
    trouble TEXT,
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL,
    access_token BLOB NOT NULL,
    refresh_token BLOB,
    expires_at BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    next_refresh_at BIGINT,
    intent_at BIGINT,
    intent_retried BIGINT NOT NULL,
    lease_holder TEXT,
    lease_until BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX grants_link_id ON grants (link_id, id);
CREATE INDEX grants_email_folded ON grants (email_folded);
CREATE INDEX grants_next_refresh_at ON grants (next_refresh_at);

-- Answers of the provider that came too late to be the grant's tokens. The id is made from the answer.
CREATE TABLE grant_leftovers (
    id TEXT PRIMARY KEY NOT NULL,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    access_token BLOB NOT NULL,
    refresh_token BLOB,
    expires_at BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    scopes TEXT
);
CREATE INDEX grant_leftovers_grant_id ON grant_leftovers (grant_id);

CREATE TABLE consents (
    id TEXT PRIMARY KEY NOT NULL,
    link_id TEXT NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    grant_id TEXT REFERENCES grants (id) ON DELETE CASCADE,
    login_hint TEXT,
    start_hash BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL,
    begun_at BIGINT,
    done_grant_id TEXT REFERENCES grants (id) ON DELETE CASCADE,
    reason TEXT,
    state_hash BLOB UNIQUE,
    browser_hash BLOB,
    verifier BLOB,
    nonce TEXT,
    redirect_url TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE mail_servers (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL,
    protocol TEXT NOT NULL,
    security TEXT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    mailbox TEXT NOT NULL,
    grant_id TEXT REFERENCES grants (id),
    password BLOB,
    folder TEXT NOT NULL,
    take TEXT NOT NULL,
    poll_seconds BIGINT NOT NULL,
    paused BIGINT NOT NULL,
    ok_at BIGINT,
    trouble TEXT,
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    next_poll_at BIGINT NOT NULL,
    lease_holder TEXT,
    lease_until BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX mail_servers_next_poll_at ON mail_servers (next_poll_at);

CREATE TABLE folders (
    mail_server_id TEXT NOT NULL REFERENCES mail_servers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    last_uid BIGINT NOT NULL,
    PRIMARY KEY (mail_server_id, name)
);

CREATE TABLE projects (
    id TEXT PRIMARY KEY NOT NULL,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    next_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE handlers (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    mail_server_id TEXT NOT NULL REFERENCES mail_servers (id),
    project_id TEXT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX handlers_mail_server_id ON handlers (mail_server_id, id);

CREATE TABLE people (
    id TEXT PRIMARY KEY NOT NULL,
    address TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE issues (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    key TEXT NOT NULL UNIQUE,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    reporter_id TEXT NOT NULL REFERENCES people (id),
    comment_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX issues_project_id ON issues (project_id, id);

-- The way back from a comment to its message has no constraint: the message's row names the comment, and each cannot be
-- written before the other.
CREATE TABLE comments (
    id TEXT PRIMARY KEY NOT NULL,
    issue_id TEXT NOT NULL REFERENCES issues (id),
    author_id TEXT NOT NULL REFERENCES people (id),
    body TEXT NOT NULL,
    message_id TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX comments_issue_id ON comments (issue_id, id);

-- Raw messages, once per SHA-256, compressed by zstd. Not sealed.
CREATE TABLE raws (
    sha256 BLOB PRIMARY KEY NOT NULL,
    size BIGINT NOT NULL,
    packed BLOB NOT NULL
);

CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL,
    mail_server_id TEXT NOT NULL REFERENCES mail_servers (id),
    folder TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    message_id TEXT,
    sha256 BLOB REFERENCES raws (sha256),
    internal_date BIGINT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    size BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    issue_id TEXT REFERENCES issues (id),
    comment_id TEXT REFERENCES comments (id),
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
    id TEXT PRIMARY KEY NOT NULL,
    issue_id TEXT NOT NULL REFERENCES issues (id),
    comment_id TEXT REFERENCES comments (id),
    message_id TEXT NOT NULL REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    part_offset BIGINT NOT NULL,
    part_length BIGINT NOT NULL,
    encoding TEXT NOT NULL
);
CREATE INDEX attachments_issue_id ON attachments (issue_id, id);

CREATE TABLE events (
    id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT,
    actor TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL
);
