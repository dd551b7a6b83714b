-- The most that one order may name of each token: JSON, base units as text by symbol; null bounds nothing.

ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS max_amounts text;
