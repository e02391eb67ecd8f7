"""The engine: hosts on one clock, connected by a network and a chain.

It gives each host the facilities that connect it to the others: clock, log, mail, endpoint. What a host has of its own
it brings along, and the engine does not look at it: an effect is answered by whichever facility says that it answers
it. Nothing here knows what a strategy is or who cheats: behaviours sit between a participant and its facilities, and
have done their work before an effect gets there.
"""

from __future__ import annotations

from simnet.kernel.clock import Clock, Recorder
from simnet.kernel.endpoint import Endpoint
from simnet.kernel.host import Host
from simnet.kernel.mail import Mail
from simnet.kernel.mempool import Mempool
from simnet.kernel.network import Network
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.transport import SimulatedTransport, Transport
from simnet.log.events import EventLog


class Engine:
    """Hosts, and what connects them."""

    def __init__(
        self,
        scheduler: Scheduler,
        network: Network,
        log: EventLog,
        mempool: Mempool,
        transport: Transport | None = None,
    ) -> None:
        """`transport` carries messages; the simulated network if it is not given."""
        self.scheduler = scheduler
        self.network = network
        self.log = log
        self.mempool = mempool
        self.transport = transport or SimulatedTransport(scheduler, network, log)
        self.hosts: dict[str, Host] = {}
        self.after = scheduler.after

    @property
    def now(self) -> float:
        """Simulated seconds since the run began."""
        return self.scheduler.now

    def add(self, host: Host, mempool: Mempool | None = None) -> None:
        """Take a host in, connect it, and start its participant when the clock starts.

        `mempool` is that of the chain it is connected to, if not the one that settles batches.
        """
        self.hosts[host.name] = host
        mail = host.install("mail", Mail(host.name, self.scheduler, self.transport))
        host.install("clock", Clock(self.scheduler, host.conditions))
        host.install("recorder", Recorder(self.scheduler, self.log))
        connected = (host.name, self.scheduler, self.network, mempool or self.mempool, mail, host.conditions)
        host.install("endpoint", Endpoint(*connected))
        self.scheduler.after(0.0, lambda _: host.start())
