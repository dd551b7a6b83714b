-- When the slots that a client has reserved so far are used up.
SELECT tat FROM rate_limits WHERE client_id = %(rate_id)s
