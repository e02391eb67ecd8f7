"""Strategies side by side over the same seeds, and runs held against each other: what differs, beyond noise."""
