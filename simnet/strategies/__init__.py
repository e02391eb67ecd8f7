"""Verification strategies: one file each."""
