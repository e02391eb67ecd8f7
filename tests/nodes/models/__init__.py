"""Tests of nodes/models."""
