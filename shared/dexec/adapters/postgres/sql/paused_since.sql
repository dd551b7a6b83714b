SELECT set_at FROM switches WHERE name = 'paused'
