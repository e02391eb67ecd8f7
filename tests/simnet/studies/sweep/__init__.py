"""Tests of simnet/studies/sweep."""
