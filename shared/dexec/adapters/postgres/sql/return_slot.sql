UPDATE rate_limits SET tat = tat - %(interval)s WHERE client_id = %(client_id)s
