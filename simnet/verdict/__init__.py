"""Whether a run holds: expectations, invariants, results."""
