"""Tests of nodes/adversaries."""
