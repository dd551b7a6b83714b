-- How many orders of a client wait for their price, counted up to a number.
SELECT count(*) AS orders
FROM (SELECT 1 FROM orders WHERE client_id = %(client_id)s AND outcome = 'resting' LIMIT %(most)s) AS resting
