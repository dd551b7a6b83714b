-- A client's orders that are not over and may trade by themselves: an exit is held until its entry has filled.
SELECT * FROM orders WHERE client_id = %(client_id)s AND outcome IS NULL
UNION ALL
SELECT * FROM orders WHERE client_id = %(client_id)s AND outcome = 'resting' AND status = 'open'
