"""What a facility is: a part of a host that answers some kinds of effect, and lives through the host's crashes."""

from __future__ import annotations

from collections.abc import Mapping

from simnet.kernel.scheduler import Handler


class Facility:
    """Base of facilities. A host has each under a name."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """What it does for each kind of effect that it answers."""
        raise NotImplementedError

    def crash(self) -> None:
        """Lose what a machine loses when it stops."""

    def restart(self) -> None:
        """Be ready for a participant that starts anew."""
