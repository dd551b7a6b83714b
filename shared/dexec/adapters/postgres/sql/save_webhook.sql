-- How an endpoint did, if it is still as its sender saw it: those who send at the same moment count as one.
UPDATE webhooks
SET failures = %(failures)s, failing_since = %(failing_since)s, rests_until = %(rests_until)s,
    disabled_at = %(disabled_at)s, reason = %(reason)s
WHERE id = %(hook_id)s AND failures = %(seen_failures)s AND disabled_at IS NOT DISTINCT FROM %(seen_disabled_at)s
