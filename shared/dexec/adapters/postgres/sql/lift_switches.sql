DELETE FROM switches WHERE name = ANY(%(names)b::text[]) RETURNING name, set_at, token_out
