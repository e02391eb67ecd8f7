"""Tests of simnet/economy."""
