-- Whether the order {{o}} is the client's and rests. Bounded by the whole of an index, whose order is to be asked for
-- too; order_history_before.sql says why.
({{o}}.client_id, {{o}}.outcome) <= (%(client_id)s, 'resting')
    AND ({{o}}.client_id, {{o}}.outcome, {{o}}.id) >= (%(client_id)s, 'resting', '')
