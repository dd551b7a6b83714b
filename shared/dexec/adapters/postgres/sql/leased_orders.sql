-- Orders that an executor holds and that it may be about to sign for.
SELECT * FROM orders
WHERE outcome IS NULL
    AND status IN ('routing', 'building')
    AND lease_token IS NOT NULL
    AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)
