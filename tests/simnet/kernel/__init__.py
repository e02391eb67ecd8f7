"""Tests of simnet/kernel."""
