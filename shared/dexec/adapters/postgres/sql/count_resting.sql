-- How many orders rest, counted no further than needed.
SELECT count(*) AS orders FROM (SELECT 1 FROM orders WHERE outcome = 'resting' LIMIT %(most)s) AS counted
