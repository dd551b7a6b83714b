-- Whether the switch "s" holds back the order or request of the row {{o}}: its client and its token out.
s.name IN ('paused', 'halted', 'halted ' || {{o}}.client_id, 'reducing', 'reducing ' || {{o}}.client_id)
    AND (s.token_out IS NULL OR {{o}}.request::jsonb ->> 'tokenOut' <> s.token_out)
