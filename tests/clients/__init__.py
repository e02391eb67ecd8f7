"""Clients of others, as scripts that tests run in an environment of its own: none of simnet is imported here."""
