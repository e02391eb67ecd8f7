"""OpenGradient on this machine: a run at wall pace with a gateway, a facilitator, two chains, and servers for them."""

from pathlib import Path

QUIET = Path(__file__).parent / "quiet.yaml"
"""The scenario that is run where no other is asked for."""
