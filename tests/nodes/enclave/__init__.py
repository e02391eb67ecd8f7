"""Tests of nodes/enclave."""
