"""Tests of simnet/bench."""
