-- The paper cluster's ledger: a schema of its own, reached over a connection of its own.

CREATE SCHEMA IF NOT EXISTS paper;

CREATE TABLE IF NOT EXISTS paper.wallets (
    owner text NOT NULL,
    mint text NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (owner, mint)
);

CREATE TABLE IF NOT EXISTS paper.entries (
    signature text NOT NULL,
    line integer NOT NULL,
    account text NOT NULL,
    mint text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (signature, line)
);

CREATE TABLE IF NOT EXISTS paper.transactions (
    signature text PRIMARY KEY,
    owner text NOT NULL,
    order_id text NOT NULL,
    slot bigint NOT NULL,
    lands_at timestamptz NOT NULL,
    fill text,
    error text
);

CREATE INDEX ASYNC IF NOT EXISTS transactions_by_order ON paper.transactions (order_id);
