-- A transition: the order as it is now and its new events, if the order is still as its executor saw it.
-- Its route is in its event alone: this row is written anew at every step.
-- A step towards a signature is refused while the client may not trade, or once the order's deadline has passed
-- ("late"). One that leaves submitted without a fill is refused when a cancel is noted.
WITH moved AS (
    UPDATE orders
    SET status = %(status)s,
        outcome = %(outcome)s,
        seq = %(seq)s,
        attempt = %(attempt)s,
        lease_token = %(lease_token)s,
        lease_until = %(lease_until)s,
        run_at = %(run_at)s,
        signature = %(signature)s,
        signed_tx = %(signed_tx)s,
        last_valid_block_height = %(last_valid_block_height)s,
        fill = %(fill)s,
        error = %(error)s,
        waiting = %(waiting)s,
        updated_at = %(updated_at)s
    WHERE id = %(id)s AND seq = %(seen_seq)s AND lease_token = %(seen_token)s
        AND NOT (%(signs)s AND (
            {{may_not_trade orders}}
            OR coalesce(expires_at <= %(updated_at)s, false)
        ))
        AND NOT (%(minds_cancel)s AND cancelled_by IS NOT NULL)
    RETURNING id
),
written AS (
    INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
    SELECT moved.id, e.seq, e.status, e.step, e.attempt, e.detail, e.at
    FROM moved
    CROSS JOIN unnest(
        %(event_seqs)b::int[], %(event_statuses)b::text[], %(event_steps)b::text[], %(event_attempts)b::int[],
        %(event_details)b::text[], %(event_times)b::timestamptz[]
    ) AS e (seq, status, step, attempt, detail, at)
    RETURNING seq
)
SELECT count(*) AS written,
    EXISTS (
        SELECT 1 FROM orders o
        WHERE %(signs)s AND o.id = %(id)s AND o.seq = %(seen_seq)s AND o.lease_token = %(seen_token)s
            AND {{may_not_trade o}}
    ) AS halted,
    EXISTS (
        SELECT 1 FROM orders o
        WHERE %(signs)s AND o.id = %(id)s AND o.seq = %(seen_seq)s AND o.lease_token = %(seen_token)s
            AND o.expires_at <= %(updated_at)s
    ) AS late
FROM written
