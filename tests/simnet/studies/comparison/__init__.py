"""Tests of simnet/studies/comparison."""
