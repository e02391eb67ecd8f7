"""Tests of nodes/proofs."""
