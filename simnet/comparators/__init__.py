"""Comparators: one file per way to judge two outputs equal."""
