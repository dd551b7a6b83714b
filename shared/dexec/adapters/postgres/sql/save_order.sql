-- A transition: the order as it is now and its new events, if the order is still as its executor saw it.
-- Its route is in its event alone: this row is written anew at every step.
-- One that leaves submitted without a fill is refused when a cancel is noted. For a step towards a signature there is
-- sign_order.sql: what it asks more would make PostgreSQL plan this statement anew for every order.
WITH moved AS (
    UPDATE orders
    {{as_changed orders}}
        AND NOT (%(minds_cancel)s AND cancelled_by IS NOT NULL)
    RETURNING id
),
written AS (
    {{its_events moved}}
)
SELECT count(*) AS written, false AS halted, false AS late FROM written
