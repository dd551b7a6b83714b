-- The tape of the paper market: from "slot" on, a token is worth numerator / denominator times as much.

CREATE TABLE IF NOT EXISTS paper.moves (
    id text PRIMARY KEY,
    slot bigint NOT NULL,
    token text NOT NULL,
    numerator bigint NOT NULL CHECK (numerator > 0),
    denominator bigint NOT NULL CHECK (denominator > 0)
);

CREATE INDEX ASYNC IF NOT EXISTS moves_by_slot ON paper.moves (slot);
