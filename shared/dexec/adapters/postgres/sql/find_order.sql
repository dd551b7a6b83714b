-- Found by its id, whoever's it is: by client and id, PostgreSQL may read all orders of a client with many.
WITH found AS MATERIALIZED (
    SELECT * FROM orders WHERE id = %(id)s
)
SELECT * FROM found WHERE client_id = %(client_id)s
