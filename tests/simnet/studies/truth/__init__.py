"""Tests of simnet/studies/truth."""
