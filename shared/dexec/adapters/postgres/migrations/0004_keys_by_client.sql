-- Whether a client has a valid key is asked at every claim and before every signature.

CREATE INDEX ASYNC IF NOT EXISTS api_keys_by_client ON api_keys (client_id);
