"""Tests of simnet/verdict."""
