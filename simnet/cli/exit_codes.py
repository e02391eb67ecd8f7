"""Exit codes that several verbs give; what each means is in the README."""

from __future__ import annotations

BAD_INPUT = 2
"""What the user gave cannot be used."""

HARNESS_FAILED = 4
"""The toolchain, or simnet itself, failed: nothing is known of what was to be found out."""
