"""Tests of simnet/log."""
