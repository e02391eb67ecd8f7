"""Tests of simnet/strategies."""
