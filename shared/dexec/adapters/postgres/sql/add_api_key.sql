INSERT INTO api_keys (key_hash, client_id, orders_per_minute, max_amounts, created_at, revoked_at)
VALUES (%(key_hash)s, %(client_id)s, %(orders_per_minute)s, %(max_amounts)s, %(created_at)s, %(revoked_at)s)
ON CONFLICT (key_hash) DO UPDATE
SET orders_per_minute = excluded.orders_per_minute,
    max_amounts = excluded.max_amounts,
    revoked_at = excluded.revoked_at
