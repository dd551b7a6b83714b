DELETE FROM switches WHERE name = 'paused' RETURNING set_at
