"""Waiting for processes to end."""

from __future__ import annotations

import os
import time

PATIENCE_S = 10


def group_is_gone(pid: int) -> bool:
    """Whether no process of that group is left, within `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
