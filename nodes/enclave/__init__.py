"""Trusted execution: simulated enclaves whose evidence is real, and what checks it."""

VALIDATOR = 1
"""The kind of enclave that nodes register as: OpenGradient's number for validators; 0 is a gateway to LLMs."""
