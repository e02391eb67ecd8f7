"""Behaviours of the services of `simnet up`: facilitators, gateways, blob stores."""
