"""Tests of simnet/world."""
