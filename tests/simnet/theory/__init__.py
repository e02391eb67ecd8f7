"""Tests of simnet/theory."""
