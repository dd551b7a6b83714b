"""Mutation testing: small changes of the engine, one at a time, each of which the tests have to notice."""
