-- Begins a transaction: prepared as all statements are, so that it is parsed once.
BEGIN
