-- What a transition makes of the order {{o}}, if it is still as its executor saw it.
SET status = %(status)s,
    outcome = %(outcome)s,
    seq = %(seq)s,
    attempt = %(attempt)s,
    lease_token = %(lease_token)s,
    lease_until = %(lease_until)s,
    run_at = %(run_at)s,
    signature = %(signature)s,
    signed_tx = %(signed_tx)s,
    last_valid_block_height = %(last_valid_block_height)s,
    fill = %(fill)s,
    error = %(error)s,
    waiting = %(waiting)s,
    updated_at = %(updated_at)s
WHERE {{o}}.id = %(id)s AND {{o}}.seq = %(seen_seq)s AND {{o}}.lease_token = %(seen_token)s
