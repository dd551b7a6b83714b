-- Set a switch; setting it again keeps since when it is set, and takes the token that may still be bought.
INSERT INTO switches AS s (name, set_at, token_out) VALUES (%(name)s, %(now)s, %(token_out)s)
ON CONFLICT (name) DO UPDATE SET token_out = excluded.token_out
