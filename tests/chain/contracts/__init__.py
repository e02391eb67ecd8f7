"""Tests of chain/contracts."""
