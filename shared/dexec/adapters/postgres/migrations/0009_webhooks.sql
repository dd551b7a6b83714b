-- Endpoints that clients are told at, what is to be sent to them of each order, and what became of it.
-- "hooks" are the endpoints that get an order's events, separated by spaces; null where its client has none.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS hooks text;

CREATE TABLE IF NOT EXISTS webhooks (
    id text PRIMARY KEY,
    client_id text NOT NULL,
    key_hash text NOT NULL,
    url text NOT NULL,
    events text NOT NULL,
    secret text NOT NULL,
    created_at timestamptz NOT NULL,
    failures integer NOT NULL,
    failing_since timestamptz,
    rests_until timestamptz,
    disabled_at timestamptz,
    reason text
);

CREATE INDEX ASYNC IF NOT EXISTS webhooks_by_client ON webhooks (client_id);

CREATE TABLE IF NOT EXISTS webhook_lines (
    hook_id text NOT NULL,
    order_id text NOT NULL,
    client_id text NOT NULL,
    sent_seq integer NOT NULL,
    failures integer NOT NULL,
    due_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    lease_token text,
    lease_until timestamptz,
    PRIMARY KEY (hook_id, order_id)
);

CREATE INDEX ASYNC IF NOT EXISTS webhook_lines_by_due ON webhook_lines (due_at);

CREATE INDEX ASYNC IF NOT EXISTS webhook_lines_by_lease ON webhook_lines (client_id, lease_until);

CREATE TABLE IF NOT EXISTS webhook_deliveries (
    hook_id text NOT NULL,
    order_id text NOT NULL,
    seq integer NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    tries integer NOT NULL,
    answer integer,
    error text,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (hook_id, order_id, seq)
);

CREATE INDEX ASYNC IF NOT EXISTS webhook_deliveries_by_state ON webhook_deliveries (hook_id, state, order_id, seq);

CREATE INDEX ASYNC IF NOT EXISTS webhook_deliveries_by_age ON webhook_deliveries (last_at);
