-- The exit of a bracket, held until its entry is filled: placed where the entry was, in the same transaction, and
-- watched by who watches that. A line is found by its whole key: by its order alone, all lines would be read.
WITH entry AS (
    SELECT * FROM orders WHERE id = %(entry_id)s
),
placed AS (
    INSERT INTO orders (
        id, client_id, label, request, status, outcome, seq, attempt, run_at, queued_at,
        request_hash, created_at, updated_at, hooks, waiting, entry_id
    )
    SELECT
        %(id)s, entry.client_id, %(label)s, %(request)s, %(status)s, %(outcome)s, 1, 1, entry.run_at, %(now)s,
        '', %(now)s, %(now)s, entry.hooks, %(waiting)s, entry.id
    FROM entry
    RETURNING *
),
event AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT id, 1, status, NULL, 1, %(detail)s, %(now)s FROM placed
),
watching AS (
    INSERT INTO watchers (order_id, connection_id)
    SELECT placed.id, w.connection_id FROM placed CROSS JOIN watchers w
    WHERE w.order_id = %(entry_id)s
)
INSERT INTO webhook_lines (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
SELECT l.hook_id, placed.id, placed.client_id, 0, 0, %(now)s, %(now)s
FROM placed
JOIN webhooks h ON h.client_id = placed.client_id
CROSS JOIN LATERAL (
    SELECT hook_id FROM webhook_lines WHERE hook_id = h.id AND order_id = placed.entry_id LIMIT 1
) AS l
