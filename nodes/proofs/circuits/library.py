"""ezkl itself: an extra, found when it is first needed.

It keeps a directory in the user's home unless told otherwise; ours goes into simnet's cache.
"""

from __future__ import annotations

import logging
import os
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chain.errors import SimnetError

VERSION = "23.0.5"
"""What the pinned circuits and keys were made with; another version reads them differently, or not at all."""

INSTALL = "make .venv/.zkml, or: pip install 'simnet[zkml]'"

CACHE_VARIABLE = "SIMNET_CACHE"


class ZkmlMissing(SimnetError):
    """What makes and verifies proofs is not installed, or is of another version."""


def require_ezkl() -> None:
    """`ZkmlMissing` unless the right ezkl is installed. Does not load it."""
    if find_spec("ezkl") is None:
        raise ZkmlMissing("zkml needs ezkl, which is not installed", hint=INSTALL)
    try:
        found = version("ezkl")
    except PackageNotFoundError:
        found = "of an unknown version"
    if found != VERSION:
        raise ZkmlMissing(f"zkml needs ezkl {VERSION}, not {found}", hint=INSTALL)


def load() -> Any:
    """The module ``ezkl``. Raises `ZkmlMissing`."""
    require_ezkl()
    os.environ.setdefault("EZKL_REPO_PATH", str(cache_directory() / "ezkl"))
    logging.getLogger("ezkl").addHandler(logging.NullHandler())  # its errors are raised too
    import ezkl

    return ezkl


def cache_directory() -> Path:
    """Where keys and proofs are kept: ``$SIMNET_CACHE``, else the user's cache directory. May not exist yet."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).absolute()
    from platformdirs import user_cache_path  # needed by nothing else in a run

    return user_cache_path("simnet", appauthor=False)
