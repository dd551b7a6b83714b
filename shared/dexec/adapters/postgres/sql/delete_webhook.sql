-- Its lines and records are deleted later, in batches: there may be many.
DELETE FROM webhooks WHERE id = %(hook_id)s AND client_id = %(client_id)s RETURNING id
