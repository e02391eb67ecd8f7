"""Equilibria found by participants who do what pays, and held against theory."""
