-- Orders, their events, who watches them, who may place them.
-- Indexes are written for Aurora DSQL (ASYNC); plain PostgreSQL is given them without that word.

CREATE TABLE IF NOT EXISTS orders (
    id text PRIMARY KEY,
    client_id text NOT NULL,
    label text,
    request text NOT NULL,
    status text NOT NULL,
    seq integer NOT NULL,
    attempt integer NOT NULL,
    lease_token text,
    lease_until timestamptz,
    run_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    route text,
    signature text,
    signed_tx bytea,
    last_valid_block_height bigint,
    fill text,
    error text,
    idempotency_key text,
    request_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (client_id, idempotency_key)
);

CREATE INDEX ASYNC IF NOT EXISTS orders_by_client ON orders (client_id, id);

CREATE INDEX ASYNC IF NOT EXISTS orders_by_client_and_status ON orders (client_id, status, id);

CREATE INDEX ASYNC IF NOT EXISTS orders_by_status ON orders (status, run_at);

CREATE TABLE IF NOT EXISTS order_events (
    order_id text NOT NULL,
    seq integer NOT NULL,
    status text NOT NULL,
    step text,
    attempt integer NOT NULL,
    detail text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, seq)
);

CREATE TABLE IF NOT EXISTS connections (
    connection_id text PRIMARY KEY,
    client_id text NOT NULL,
    key_hash text NOT NULL,
    stream boolean NOT NULL,
    push_failures integer NOT NULL,
    connected_at timestamptz NOT NULL
);

CREATE INDEX ASYNC IF NOT EXISTS connections_by_client ON connections (client_id, stream);

CREATE INDEX ASYNC IF NOT EXISTS connections_by_age ON connections (connected_at);

CREATE TABLE IF NOT EXISTS watchers (
    order_id text NOT NULL,
    connection_id text NOT NULL,
    PRIMARY KEY (order_id, connection_id)
);

CREATE INDEX ASYNC IF NOT EXISTS watchers_by_connection ON watchers (connection_id);

CREATE TABLE IF NOT EXISTS api_keys (
    key_hash text PRIMARY KEY,
    client_id text NOT NULL,
    orders_per_minute integer,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE IF NOT EXISTS rate_limits (
    client_id text PRIMARY KEY,
    tat timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS switches (
    name text PRIMARY KEY,
    set_at timestamptz NOT NULL
);
