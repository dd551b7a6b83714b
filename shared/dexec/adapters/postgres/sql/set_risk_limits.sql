INSERT INTO risk_limits (client_id, limits, max_daily, updated_at)
VALUES (%(client_id)s, %(limits)s, %(max_daily)s::numeric, %(now)s)
ON CONFLICT (client_id) DO UPDATE
SET limits = excluded.limits, max_daily = excluded.max_daily, updated_at = excluded.updated_at
