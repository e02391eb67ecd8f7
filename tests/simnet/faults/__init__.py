"""Tests of simnet/faults."""
