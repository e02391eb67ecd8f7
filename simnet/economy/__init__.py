"""The OPG economy over years: epochs of a month on the real contracts, and the same arithmetic in NumPy."""
