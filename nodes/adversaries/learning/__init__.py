"""Participants who learn what pays."""
