"""Attacks on the economy and its governance, on the real contracts, with and without what stops them."""
