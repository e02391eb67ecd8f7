"""What a local network keeps in a state directory: started again there, it goes on where it was, however it ended.

Each chain is written out after every block, before anybody hears of the block; jobs are in SQLite; the blob store has a
file for each blob; what else participants keep on their disks is written before the run waits for anything. So the
chains are never behind what participants know of them.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from chain.errors import SimnetError
from chain.files import write_whole
from nodes.disk import Disk
from nodes.payments import BatchAudited
from nodes.records import Record

FACTS, JOBS, BLOBS, GATEWAY = "network.json", "facilitator.sqlite", "blobs", "gateway.pickle"
AUDITOR = "auditor.pickle"
OWN_JOBS = "own-facilitator.sqlite"
SETTLEMENT, PAYMENT = "settlement.json", "payment.json"


class CannotGoOn(SimnetError):
    """A state directory does not fit what is asked for, or cannot be read."""

    exit_code = 2


class Folder(MutableMapping[str, bytes]):
    """Bytes by name, each in a file of its own. Names are those that `nodes.blobs.blob_id` gives."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory
        self._names = {path.name for path in directory.iterdir() if not path.name.startswith(".")}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return (self._directory / name).read_bytes()

    def __setitem__(self, name: str, content: bytes) -> None:
        write_whole(self._directory / name, content)
        self._names.add(name)

    def __delitem__(self, name: str) -> None:
        self._names.remove(name)
        (self._directory / name).unlink()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


class Home:
    """A state directory. Use it from one process at a time (`simnet.lock.alone_in`)."""

    def __init__(self, directory: Path, seed: int) -> None:
        """Raises `CannotGoOn` if the network in it has other keys, or cannot be read."""
        self.directory = directory
        self.facts: dict[str, int] = {}
        """Of the network that is in it: seed, second of the enclave's boot, the gateway's port. Empty for a new one."""
        directory.mkdir(parents=True, exist_ok=True)
        try:
            if (directory / FACTS).exists():
                self.facts = dict(json.loads((directory / FACTS).read_text()))
            gateway, auditor = self._kept(GATEWAY), self._kept(AUDITOR)
        except (OSError, ValueError, EOFError, pickle.UnpicklingError, AttributeError) as error:
            raise CannotGoOn(f"{directory}: what is kept there cannot be read: {error}", "name another") from None
        if self.facts and self.facts["seed"] != seed:
            raise CannotGoOn(f"{directory} has the network of seed {self.facts['seed']}", "leave out --seed")
        self.gateway, self.auditor = Disk(gateway), Disk(auditor)
        self.blobs = Disk({"blobs": Folder(directory / BLOBS)})
        self._written = b""
        self._is_audited = False

    def _kept(self, name: str) -> dict[str, Any]:
        """What was on a disk."""
        path = self.directory / name
        return dict(pickle.loads(path.read_bytes())) if path.exists() else {}

    @property
    def goes_on(self) -> bool:
        """Whether there is a network in it."""
        return bool(self.facts)

    def gateway_port(self, asked: int) -> int:
        """The gateway's port, which the registry has and which therefore stays; 0 asks for any. Raises `CannotGoOn`."""
        if not self.facts:
            return asked
        registered = self.facts["gateway_port"]
        if asked not in (0, registered):
            hint = f"--gateway-port {registered}, or another state directory"
            raise CannotGoOn(f"the registry in {self.directory} has the gateway at port {registered}", hint)
        return registered

    def found(self, seed: int, booted_at: int, gateway_port: int) -> None:
        """Write down what network this is, once both chains are."""
        self.facts = {"seed": seed, "booted_at": booted_at, "gateway_port": gateway_port}
        write_whole(self.directory / FACTS, json.dumps(self.facts).encode())

    def save(self) -> None:
        """Write out what the gateway keeps, if it has changed, and what the auditor does, if it has audited."""
        now = self.gateway.pickled()
        if now != self._written:
            write_whole(self.directory / GATEWAY, now)
            self._written = now
        if self._is_audited:
            self._is_audited = False
            write_whole(self.directory / AUDITOR, self.auditor.pickled())

    def hear(self, _: float, record: Record) -> None:
        """Take in the log: the auditor's ledger grows with every answer, and is written once for each audit."""
        self._is_audited |= isinstance(record, BatchAudited)
