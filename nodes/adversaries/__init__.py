"""Behaviours: filters on an honest node's effects, one file per family."""
