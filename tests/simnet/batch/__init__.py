"""Tests of simnet.batch."""
