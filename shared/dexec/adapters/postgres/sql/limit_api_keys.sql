-- What is not to be set stays as it is.
UPDATE api_keys
SET orders_per_minute = CASE WHEN %(sets_rate)s THEN %(orders_per_minute)s ELSE orders_per_minute END,
    max_amounts = CASE WHEN %(sets_amounts)s THEN %(max_amounts)s ELSE max_amounts END
WHERE client_id = %(client_id)s AND revoked_at IS NULL
RETURNING *
