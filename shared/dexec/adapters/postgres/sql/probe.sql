SELECT 1 AS answered FROM switches LIMIT 1
