DELETE FROM watchers WHERE connection_id NOT IN (SELECT connection_id FROM connections)
