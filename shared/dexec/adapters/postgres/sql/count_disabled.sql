SELECT count(*) AS disabled FROM webhooks WHERE disabled_at IS NOT NULL
