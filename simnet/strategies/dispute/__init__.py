"""Strategies in which somebody disputes."""
