"""Tests of simnet."""
