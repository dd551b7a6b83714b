-- Write the new events of the order that {{o}} has changed.
INSERT INTO order_events (order_id, seq, status, step, attempt, detail, at)
SELECT {{o}}.id, e.seq, e.status, e.step, e.attempt, e.detail, e.at
FROM {{o}}
CROSS JOIN unnest(
    %(event_seqs)b::int[], %(event_statuses)b::text[], %(event_steps)b::text[], %(event_attempts)b::int[],
    %(event_details)b::text[], %(event_times)b::timestamptz[]
) AS e (seq, status, step, attempt, detail, at)
RETURNING seq
