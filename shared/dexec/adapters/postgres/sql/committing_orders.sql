-- A client's orders that are not over and may trade by themselves: an exit is held until its entry has filled.
-- order_history_open.sql says why they are ordered.
(
    SELECT * FROM orders WHERE client_id = %(client_id)s AND outcome IS NULL
    ORDER BY outcome, id
)
UNION ALL
(
    SELECT * FROM orders
    WHERE {{rests orders}} AND status = 'open'
    ORDER BY client_id, outcome, id
)
