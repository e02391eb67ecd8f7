"""Tests of simnet/studies."""
