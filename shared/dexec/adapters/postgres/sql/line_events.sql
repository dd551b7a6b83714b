-- What a line has not sent, each event with what is recorded of its delivery.
SELECT e.*, d.state
FROM webhook_lines l
JOIN order_events e ON e.order_id = l.order_id AND e.seq > l.sent_seq
LEFT JOIN webhook_deliveries d ON d.hook_id = l.hook_id AND d.order_id = l.order_id AND d.seq = e.seq
WHERE l.hook_id = %(hook_id)s AND l.order_id = %(order_id)s
ORDER BY e.seq
