UPDATE rate_limits SET tat = tat - %(interval)s WHERE client_id = %(rate_id)s
