INSERT INTO webhook_deliveries AS d (
    hook_id, order_id, seq, type, state, tries, answer, error, first_at, last_at
)
VALUES (
    %(hook_id)s, %(order_id)s, %(seq)s, %(type)s, %(state)s, 1, %(answer)s, %(error)s, %(now)s, %(now)s
)
ON CONFLICT (hook_id, order_id, seq) DO UPDATE
SET state = excluded.state, tries = d.tries + 1, answer = excluded.answer, error = excluded.error,
    last_at = excluded.last_at
