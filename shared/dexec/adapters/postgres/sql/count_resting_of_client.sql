-- How many orders of a client rest, counted no further than needed.
SELECT count(*) AS orders
FROM (
    SELECT 1 FROM orders
    WHERE {{rests orders}}
    ORDER BY client_id, outcome, id
    LIMIT %(most)s
) AS counted
