-- As replay_delivery, for deliveries that were given up, or wait for another try.
WITH failed AS MATERIALIZED (
    SELECT d.hook_id, d.order_id, d.seq
    FROM webhook_deliveries d
    WHERE d.hook_id = %(hook_id)s AND d.state IN ('given_up', 'retrying')
        AND EXISTS (SELECT 1 FROM orders o WHERE o.id = d.order_id)
    ORDER BY d.order_id, d.seq
    LIMIT %(limit)s
),
begun AS (
    INSERT INTO webhook_lines AS l (hook_id, order_id, client_id, sent_seq, failures, due_at, queued_at)
    SELECT failed.hook_id, failed.order_id, h.client_id, min(failed.seq) - 1, 0, %(now)s, %(now)s
    FROM failed JOIN webhooks h ON h.id = failed.hook_id
    GROUP BY failed.hook_id, failed.order_id, h.client_id
    ORDER BY failed.order_id
    ON CONFLICT (hook_id, order_id) DO UPDATE
    SET sent_seq = LEAST(l.sent_seq, excluded.sent_seq), failures = 0, due_at = %(now)s, queued_at = %(now)s,
        lease_token = NULL, lease_until = NULL
    RETURNING order_id
),
queued AS (
    UPDATE webhook_deliveries d SET state = 'queued'
    FROM begun JOIN failed ON failed.order_id = begun.order_id
    WHERE d.hook_id = failed.hook_id AND d.order_id = failed.order_id AND d.seq = failed.seq
    RETURNING d.order_id, d.seq
)
SELECT order_id FROM queued ORDER BY order_id, seq
