"""Strategies that check evidence."""
