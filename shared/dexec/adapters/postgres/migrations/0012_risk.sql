-- Risk limits of clients, what they have used of a day, and halts.

-- One row for each client that has limits. "max_daily" stands beside the others so that a statement can judge by it.
CREATE TABLE IF NOT EXISTS risk_limits (
    client_id text PRIMARY KEY,
    limits text NOT NULL,
    max_daily numeric(38, 0),
    updated_at timestamptz NOT NULL
);

-- What a client's signatures of a UTC day are worth, in base units of "token". An amount below zero is refused:
-- that is how the statement that reserves undoes the signature for which nothing is left.
CREATE TABLE IF NOT EXISTS risk_days (
    client_id text NOT NULL,
    day date NOT NULL,
    token text NOT NULL,
    used numeric(38, 0) NOT NULL CONSTRAINT risk_days_within_limit CHECK (used >= 0),
    PRIMARY KEY (client_id, day, token)
);

-- What an order counts for while it is submitted, and once it is confirmed: day, amount, token. Null: it has no limit.
ALTER TABLE orders ADD COLUMN IF NOT EXISTS reserved text;

-- What may still be bought while a switch is set; null is nothing.
ALTER TABLE switches ADD COLUMN IF NOT EXISTS token_out text;
