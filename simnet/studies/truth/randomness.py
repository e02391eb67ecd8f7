"""The beacon's seeds, and whether what contracts drew follows from them."""

from __future__ import annotations

from eth_abi.abi import encode

from chain.hashing import keccak
from simnet.log.tables import Row
from simnet.studies.truth.observed import Observed, bits
from simnet.studies.truth.values import Frequency

UNIT = 10**9
"""Parts in which contracts count a probability."""

CANDIDATES = 2
"""Rounds whose seed may be the one: no reveal of the round in which a batch was posted may have come before it."""


def seeds_repeated(run: Observed) -> Frequency:
    """States of the beacon that had been there before, of those after each reveal."""
    mixes = [row["mix"] for row in run.tables.event("SecretRevealed")]
    return Frequency(len(mixes) - len(set(mixes)), len(mixes))


def draws_from_seeds(run: Observed) -> Frequency:
    """Samples and panels that are what the contracts' rule gives for a seed that was unknown when the batch was posted.

    The rule is computed anew: claim i is drawn if keccak(seed, batch, i) is small enough, and those full nodes are
    seated for which keccak(subject, node) with the seed is smallest.
    """
    tables = run.tables
    posted = {row["batch"]: row for row in tables.event("BatchPosted")}
    full = [row["address"] for row in tables.of("participant_joined") if row["role"] == "full"]
    good = [follows_sample(run, posted[row["batch"]], row) for row in tables.event("Sampled")]
    first = [row for row in tables.event("CommitteeDrawn") if not row["firstSeat"] and len(row["members"]) < len(full)]
    good += [follows_panel(run, posted[row["batch"]], row, full) for row in first]
    return Frequency(sum(good), len(good))


def follows_sample(run: Observed, posted: Row, drawn: Row) -> bool:
    """Whether the claims drawn are those of a seed after the post."""
    batch, rate = bytes.fromhex(drawn["batch"][2:]), int(drawn["rate"])
    return any(
        bits(drawn["claims"]) == [i for i in range(posted["count"]) if lot(seed, batch, i) % UNIT < rate]
        for seed in seeds_after(run, posted)
    )


def lot(seed: bytes, batch: bytes, index: int) -> int:
    """A claim's lot, as in `Sampling.sol`."""
    return int.from_bytes(keccak(encode(["bytes32", "bytes32", "uint256"], [seed, batch, index])), "big")


def follows_panel(run: Observed, posted: Row, drawn: Row, full: list[str]) -> bool:
    """Whether the members seated are those of a seed after the post, in the order of their lots (`Panel.sol`)."""
    batch, members = bytes.fromhex(drawn["batch"][2:]), drawn["members"]

    def rank(seed: bytes, node: str) -> bytes:
        return keccak(encode(["bytes32", "bytes32", "address"], [seed, batch, node]))

    return any(
        sorted(full, key=lambda node: rank(seed, node))[: len(members)] == members for seed in seeds_after(run, posted)
    )


def seeds_after(run: Observed, posted: Row) -> list[bytes]:
    """Seeds of the first rounds in which nothing was revealed before a batch was posted."""
    begun: dict[int, int] = {}
    seeds: dict[int, bytes] = {}
    for row in run.tables.event("SecretRevealed"):
        begun.setdefault(row["round"], row["i"])
        seeds[row["round"]] = bytes.fromhex(row["mix"][2:])
    later = [number for number, i in begun.items() if i > posted["i"]]
    return [seeds[number] for number in later[:CANDIDATES]]
