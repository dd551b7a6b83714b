-- As replay_delivery, for deliveries that were given up, or wait for another try.
WITH queued AS (
    UPDATE webhook_deliveries SET state = 'queued'
    WHERE (hook_id, order_id, seq) IN (
        SELECT d.hook_id, d.order_id, d.seq
        FROM webhook_deliveries d
        WHERE d.hook_id = %(hook_id)s AND d.state IN ('given_up', 'retrying')
            AND EXISTS (SELECT 1 FROM orders o WHERE o.id = d.order_id)
        ORDER BY d.order_id, d.seq
        LIMIT %(limit)s
    )
    RETURNING hook_id, order_id, seq
),
begun AS (
    INSERT INTO webhook_lines AS l (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
    SELECT queued.hook_id, queued.order_id, h.client_id, min(queued.seq) - 1, 0, %(now)s, %(now)s
    FROM queued JOIN webhooks h ON h.id = queued.hook_id
    GROUP BY queued.hook_id, queued.order_id, h.client_id
    ON CONFLICT (hook_id, order_id) DO UPDATE
    SET sent_seq = LEAST(l.sent_seq, excluded.sent_seq), failures = 0, due_at = %(now)s, queued_at = %(now)s,
        lease_token = NULL, lease_until = NULL
)
SELECT order_id FROM queued ORDER BY order_id, seq
