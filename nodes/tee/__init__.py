"""Trusted execution: simulated enclaves whose evidence is real, and what checks it."""
