"""Faults: what can break, one file a verb. `simnet.faults.fault` says what a fault is."""
