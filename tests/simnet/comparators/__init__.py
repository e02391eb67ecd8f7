"""Tests of simnet/comparators."""
