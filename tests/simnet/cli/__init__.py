"""Tests of simnet/cli."""
