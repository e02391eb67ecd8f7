"""Strategies that sample claims."""
