-- What a line has not sent, each event with what is recorded of its delivery.
SELECT e.*, d.state
FROM order_events e
LEFT JOIN webhook_deliveries d ON d.hook_id = %(hook_id)s AND d.order_id = e.order_id AND d.seq = e.seq
WHERE e.order_id = %(order_id)s
    AND e.seq > (SELECT sent_seq FROM webhook_lines WHERE hook_id = %(hook_id)s AND order_id = %(order_id)s)
ORDER BY e.seq
