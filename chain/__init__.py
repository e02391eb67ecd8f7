"""Contracts, their compiled artifacts, and the chains that run them."""
