SELECT name, set_at, token_out FROM switches ORDER BY name
