"""Trusted execution: simulated enclaves whose evidence is real, and what checks it."""

DOCUMENT_LIFETIME_S = 300
"""How long an attestation is taken: by the verifier at 0x900, as OpenGradient's precompile has it."""

VALIDATOR = 1
"""The kind of enclave that nodes register as: OpenGradient's number for validators; 0 is a gateway to LLMs."""
