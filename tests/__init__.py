"""Tests: one file per concept."""
