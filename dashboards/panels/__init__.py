"""The panels: one file for each."""
