-- Commits a transaction. One that failed is rolled back, which the answer says.
COMMIT
