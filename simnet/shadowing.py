"""Other people's packages by the names of ours: `nodes`, `chain`, `reports` and `dashboards` are as common as can be.

Imported before anything of them is, and so from nothing of ours.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("chain", "nodes", "reports", "dashboards")

HARNESS_FAILED = 4

CURE = "  run simnet elsewhere, take that place out of PYTHONPATH, or install simnet into an environment of its own"


def shadowed_packages() -> list[str]:
    """A sentence about each package of ours that Python would find elsewhere than beside this one, or not at all."""
    ours = Path(__file__).resolve().parents[1]
    found = []
    for name in PACKAGES:
        spec = find_spec(name)
        places = [Path(place).resolve() for place in (spec and spec.submodule_search_locations) or ()]
        if ours / name in places[:1]:
            continue
        where = places[0] if places else (spec and spec.origin) or "nowhere"
        found.append(f"'{name}' is taken from {where}, and simnet's is in {ours / name}")
    return found


def refuse() -> None:
    """End here if there are any, saying what to do."""
    if found := shadowed_packages():
        print("another package has the name of one of simnet's:", *found, CURE, sep="\n", file=sys.stderr)
        raise SystemExit(HARNESS_FAILED)
