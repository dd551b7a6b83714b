"""The whole deployment on one machine: PostgreSQL, the emulator, and the stack deployed to it."""
