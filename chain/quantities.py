"""Quantities the chain speaks in, each a type of its own so that units cannot mix.

Amounts are integers of the smallest unit. At run time identifiers are plain strings and bytes, so that they serialise
and compare without ceremony.
"""

from typing import NewType

Wei = NewType("Wei", int)
"""An amount of OPG in its smallest unit; 10**18 wei are one OPG."""

Gas = NewType("Gas", int)
"""Gas, as the EVM counts it."""

Timestamp = NewType("Timestamp", int)
"""Seconds since the Unix epoch, as a block header carries them."""

Seconds = NewType("Seconds", float)
"""Simulated seconds since the run began."""

Address = NewType("Address", str)
"""A 20-byte account address: ``0x`` and 40 lower-case hex digits."""

Hash32 = NewType("Hash32", bytes)
"""A 32-byte digest: Keccak-256 of what the contracts hash, SHA-256 of tensors and model files."""

TaskId = NewType("TaskId", str)
"""A task, as clients name it and as the log has it: ``0x`` and 64 lower-case hex digits; 32 bytes on chain."""

BatchId = NewType("BatchId", str)
"""A batch, by the hash of its node and root: ``0x`` and 64 lower-case hex digits; 32 bytes on chain."""

NO_BATCH = BatchId("")
"""Stands for a batch where there is none."""

OPG = 10**18
"""Wei in one OPG."""

TOTAL_SUPPLY = Wei(1_000_000_000 * OPG)
"""Every OPG there will ever be. Burned OPG stays in the total, at `BURN_ADDRESS`."""

BURN_ADDRESS = Address("0x000000000000000000000000000000000000dead")
"""Where slashed OPG goes to be out of circulation: nobody holds its key."""

BASIS_POINTS = 10_000
"""Contracts count shares of money in parts of this."""

NO_DEADLINE = 2**40 - 1
"""The last Unix time that contracts can count to."""

PARTS = 10**9
"""Contracts count probabilities in parts of this."""

ZERO_HASH = Hash32(bytes(32))
"""The hash that stands for "none"."""
