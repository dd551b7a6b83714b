-- The exit of a bracket, held until its entry is filled: placed where the entry was, in the same transaction, and
-- watched by who watches that.
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
    SELECT placed.id, w.connection_id FROM placed JOIN watchers w ON w.order_id = placed.entry_id
)
INSERT INTO webhook_lines (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
SELECT l.hook_id, placed.id, placed.client_id, 0, 0, %(now)s, %(now)s
FROM placed JOIN webhook_lines l ON l.order_id = placed.entry_id
