"""Strategies in which panels vote."""
