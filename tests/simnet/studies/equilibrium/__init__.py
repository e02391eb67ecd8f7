"""Tests of simnet/studies/equilibrium."""
