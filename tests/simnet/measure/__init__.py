"""Tests of simnet/measure."""
