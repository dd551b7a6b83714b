-- How many orders of a client rest, counted no further than needed.
SELECT count(*) AS orders
FROM (SELECT 1 FROM orders WHERE client_id = %(client_id)s AND outcome = 'resting' LIMIT %(most)s) AS counted
