SELECT h.*,
    NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.key_hash = h.key_hash AND k.revoked_at IS NULL) AS keyless
FROM webhooks h
WHERE h.id = %(hook_id)s
