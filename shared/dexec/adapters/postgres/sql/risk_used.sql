SELECT used FROM risk_days WHERE client_id = %(client_id)s AND day = %(day)s AND token = %(token)s
