"""Faults: what a scenario can break, and how it is undone."""
