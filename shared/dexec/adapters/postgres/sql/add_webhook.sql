-- No row comes back when the client has as many as it may; those that are added at the same moment may exceed it.
INSERT INTO webhooks (id, client_id, key_hash, url, events, secret, created_at, failures)
SELECT %(id)s, %(client_id)s, %(key_hash)s, %(url)s, %(events)s, %(secret)s, %(created_at)s, 0
WHERE %(most)s > (SELECT count(*) FROM webhooks WHERE client_id = %(client_id)s AND id <> %(id)s)
ON CONFLICT (id) DO UPDATE SET url = excluded.url
RETURNING id
