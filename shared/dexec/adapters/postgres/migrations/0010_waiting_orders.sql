-- Orders that wait for their price: what they wait for, the ticks of the market, who records them.
-- An order that rests (held, open) has the outcome 'resting': what looks for orders to execute passes them over.
-- "waiting" is null for a market order. Ticks up to "since" do not count for its stop.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS waiting text;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS since bigint;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS entry_id text;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS exit_id text;

ALTER TABLE orders ADD COLUMN IF NOT EXISTS cancelled_by text;

-- One row for each condition of an order that waits. "book" is where it is looked up: null while it is held.
-- "version" is the order's seq at which the row was written.
CREATE TABLE IF NOT EXISTS waiting (
    order_id text NOT NULL,
    part text NOT NULL,
    client_id text NOT NULL,
    pair text NOT NULL,
    book text,
    price_group text,
    key bigint NOT NULL,
    at timestamptz,
    version integer NOT NULL,
    PRIMARY KEY (order_id, part)
);

CREATE INDEX ASYNC IF NOT EXISTS waiting_by_key ON waiting (book, price_group, key, order_id);

CREATE INDEX ASYNC IF NOT EXISTS waiting_by_time ON waiting (book, at);

CREATE TABLE IF NOT EXISTS shards (
    shard integer PRIMARY KEY,
    token text,
    lease_until timestamptz,
    slot bigint NOT NULL,
    judged bigint NOT NULL,
    ticked_at timestamptz,
    venues text,
    wanted boolean
);

CREATE TABLE IF NOT EXISTS ticks (
    pair text NOT NULL,
    slot bigint NOT NULL,
    at timestamptz NOT NULL,
    reference text NOT NULL,
    mid text NOT NULL,
    PRIMARY KEY (pair, slot)
);
