-- Delete the rows of orders that do not rest any more, and of such exits of theirs. A statement of its own, after
-- those that ended the orders: rows that another wrote while these waited for its order would not be seen by them.
DELETE FROM waiting
WHERE order_id = ANY(ARRAY(
    SELECT o.id FROM orders o
    WHERE o.id = ANY(%(order_ids)b::text[]) AND o.outcome IS DISTINCT FROM 'resting'
    UNION ALL
    SELECT e.id FROM orders e
    WHERE e.id = ANY(ARRAY(SELECT o.exit_id FROM orders o WHERE o.id = ANY(%(order_ids)b::text[])))
        AND e.outcome IS DISTINCT FROM 'resting'
))
