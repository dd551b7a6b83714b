INSERT INTO switches (name, set_at) VALUES ('paused', %(now)s) ON CONFLICT (name) DO NOTHING
