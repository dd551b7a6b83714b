-- One try, if the line is still leased by who made it.
WITH moved AS (
    UPDATE webhook_lines SET sent_seq = %(sent_seq)s, failures = %(line_failures)s
    WHERE hook_id = %(hook_id)s AND order_id = %(order_id)s AND lease_token = %(token)s
    RETURNING hook_id, order_id
)
INSERT INTO webhook_deliveries AS d (
    hook_id, order_id, seq, type, state, tries, answer, error, first_at, last_at
)
SELECT hook_id, order_id, %(seq)s, %(type)s, %(state)s, 1, %(answer)s, %(error)s, %(now)s, %(now)s FROM moved
ON CONFLICT (hook_id, order_id, seq) DO UPDATE
SET state = excluded.state, tries = d.tries + 1, answer = excluded.answer, error = excluded.error,
    last_at = excluded.last_at
RETURNING seq
