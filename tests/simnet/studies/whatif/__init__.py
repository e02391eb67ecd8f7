"""Tests of simnet/studies/whatif."""
