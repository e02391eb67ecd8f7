"""Benchmarks: simnet against the bare tools underneath it, as ratios within one run."""
