"""What a log says about enclaves: whose word claims became final on, and how long a broken one was believed.

Ground truth are the behaviours' own records with the act ``evidence``: evidence that the node had no right to.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from simnet.log.tables import Tables


def abuses(tables: Tables) -> dict[str, float]:
    """When each node first showed evidence that it had no right to."""
    first: dict[str, float] = {}
    for row in tables.of("cheated"):
        if row["act"] == "evidence":
            first.setdefault(row["node"], row["t"])
    return first


def abused(tables: Tables) -> frozenset[str]:
    """Tasks whose evidence their node had no right to."""
    return frozenset(row["subject"] for row in tables.of("cheated") if row["act"] == "evidence")


def enclave_of(tables: Tables) -> dict[str, str]:
    """The enclave that each answer was shown with, by task."""
    return {row["task"]: row["tee"] for row in tables.of("sealed")}


def time_to_revocation(tables: Tables) -> pd.Series[Any]:
    """Seconds from each node's first abuse until its enclave was out of service, or the vendor's root replaced.

    Nodes that were never stopped are left out.
    """
    owners = {row["teeId"]: tables.names[row["owner"]] for row in tables.event("TEERegistered")}
    stopped: list[tuple[str, float]] = [(owners[row["teeId"]], row["t"]) for row in tables.event("TEEDisabled")]
    roots = [row["t"] for row in tables.event("AWSCertificateUpdated")]
    times = []
    for node, since in abuses(tables).items():
        ends = [at for name, at in stopped if name == node and at >= since] + [at for at in roots if at >= since]
        times += [min(ends) - since] if ends else []
    return pd.Series(times, dtype=float)


def out_of_service(tables: Tables) -> frozenset[str]:
    """Enclaves that are not in service when the run ends."""
    changes = [(row["i"], row["teeId"], True) for row in tables.event("TEEDisabled")]
    changes += [(row["i"], row["teeId"], False) for row in tables.event("TEEEnabled")]
    state = {enclave: gone for _, enclave, gone in sorted(changes)}
    return frozenset(enclave for enclave, gone in state.items() if gone)


def stale_heartbeats(tables: Tables) -> tuple[int, int]:
    """Heartbeats that the registry took although it had taken the same before, and all that it took."""
    seen = [(row["teeId"], row["timestamp"]) for row in tables.event("HeartbeatReceived")]
    return len(seen) - len(frozenset(seen)), len(seen)
