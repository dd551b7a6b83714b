-- The right to tick the books of a shard. Where another function has it, who "knocks" asks for it.
INSERT INTO shards AS s (shard, token, lease_until, slot, judged, wanted)
VALUES (%(shard)s, %(token)s, %(until)s, 0, 0, false)
ON CONFLICT (shard) DO UPDATE
SET token = CASE WHEN s.token <> excluded.token AND s.lease_until > %(now)s THEN s.token ELSE excluded.token END,
    lease_until = CASE
        WHEN s.token <> excluded.token AND s.lease_until > %(now)s THEN s.lease_until
        ELSE excluded.lease_until
    END,
    wanted = coalesce(s.token <> excluded.token AND s.lease_until > %(now)s, false)
WHERE %(knocks)s OR NOT coalesce(s.token <> excluded.token AND s.lease_until > %(now)s, false)
RETURNING s.slot, s.judged, s.ticked_at, s.venues, s.token = %(token)s AS taken
