DELETE FROM connections WHERE connected_at <= %(before)s RETURNING connection_id
