DELETE FROM risk_limits WHERE client_id = %(client_id)s RETURNING client_id
