-- Lease a line that is due, whose endpoint may be sent to, and whose client has not too many under way. rest_line.sql has
-- run before it; an endpoint that began to rest since is still left alone. "IS TRUE" keeps PostgreSQL from looking the
-- line up among all that are due, where it takes these for few.
UPDATE webhook_lines l SET lease_token = %(token)s, lease_until = %(lease_until)s
FROM webhooks h
WHERE l.hook_id = %(hook_id)s AND l.order_id = %(order_id)s
    AND h.id = l.hook_id
    AND h.disabled_at IS NULL
    AND EXISTS (SELECT 1 FROM api_keys k WHERE k.key_hash = h.key_hash AND k.revoked_at IS NULL)
    AND (h.rests_until IS NULL OR h.rests_until <= %(now)s)
    AND (l.due_at <= %(now)s) IS TRUE
    AND (l.lease_until IS NULL OR l.lease_until <= %(now)s)
    AND %(most)s > (
        SELECT count(*) FROM (
            SELECT 1 FROM webhook_lines o
            WHERE o.client_id = l.client_id AND o.lease_until > %(now)s
            ORDER BY o.lease_until
            LIMIT %(most)s
        ) AS leased
    )
RETURNING l.order_id
