-- Whether no signature may be stored now for the order {{o}}: a switch holds it back, or its client has no valid key.
(
    EXISTS (SELECT 1 FROM switches s WHERE {{holds o}})
    OR NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.client_id = {{o}}.client_id AND k.revoked_at IS NULL)
)
