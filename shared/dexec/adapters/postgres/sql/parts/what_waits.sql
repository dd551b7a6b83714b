-- The rows of waiting, as {{o}}, each with what may_not_trade.sql asks of a request.
(SELECT waiting.*, jsonb_build_object('tokenOut', split_part(waiting.book, '>', 2))::text AS request FROM waiting) AS {{o}}
