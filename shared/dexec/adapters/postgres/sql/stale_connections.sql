-- Connections that API Gateway should have closed by now; those that would not close before come last.
SELECT connection_id FROM connections
WHERE connected_at <= %(before)s
ORDER BY push_failures, connected_at
LIMIT %(limit)s
