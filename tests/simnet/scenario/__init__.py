"""Tests of simnet/scenario."""
