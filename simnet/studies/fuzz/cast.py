"""Who is there: the honest, whom nobody may harm, and those who try anything."""

from __future__ import annotations

from chain.quantities import OPG

HONEST_CLIENT, HONEST_NODE, WATCHER, DELEGATOR = "cleo", "ina", "fay", "dora"
"""The watcher is a full node that also points out what is wrong: it challenges and proves. The delegator stands behind
the honest node, where that can be done."""

DISHONEST_NODE, SECOND_ACCOUNT, DISHONEST_FULL, DISHONEST_CLIENT, BUILDER, STRANGER = (
    "ivo",
    "max",
    "fox",
    "cato",
    "bob",
    "stan",
)
"""The dishonest node has a second account without a stake; the builder copies the calls of honest participants."""

HONEST_FULL = (WATCHER, "fee", "flo")
HONEST = (HONEST_CLIENT, HONEST_NODE, DELEGATOR, *HONEST_FULL)
DISHONEST = (DISHONEST_NODE, SECOND_ACCOUNT, DISHONEST_FULL, DISHONEST_CLIENT, BUILDER, STRANGER)
INFERENCE = (HONEST_NODE, DISHONEST_NODE)
FULL = (*HONEST_FULL, DISHONEST_FULL)
CLIENTS = (HONEST_CLIENT, DISHONEST_CLIENT)
SYBILS = tuple(f"sue{number}" for number in range(24))
"""Names of one owner, each with a few wei."""

DELEGATED = 300 * OPG
"""By the delegator, to the honest node."""

NAMES = (*HONEST, *DISHONEST, *SYBILS)

BALANCES = {
    HONEST_CLIENT: (0, 0, 500 * OPG),
    HONEST_NODE: (100 * OPG, 5_000 * OPG, 0),
    **dict.fromkeys(HONEST_FULL, (500 * OPG, 10_000 * OPG, 0)),
    DELEGATOR: (1_000_000 * OPG, 0, 0),
    DISHONEST_NODE: (1_500 * OPG, 4_000 * OPG, 0),
    SECOND_ACCOUNT: (1_500 * OPG, 0, 0),
    DISHONEST_FULL: (200 * OPG, 2_000 * OPG, 0),
    DISHONEST_CLIENT: (50 * OPG, 0, 100 * OPG),
    BUILDER: (1_200 * OPG, 0, 0),
    STRANGER: (100 * OPG, 0, 0),
    **dict.fromkeys(SYBILS, (10, 0, 0)),
}
"""Of each its wallet, its stake and its escrow. The honest full nodes have more than two thirds of all that could ever
be at stake in their role."""
