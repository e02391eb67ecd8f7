"""The storage of native functions' stand-ins, as whoever computes for them fills it."""

from __future__ import annotations

from collections.abc import Mapping

from chain.formats.onchain import question_in, words_of
from chain.seam import Chain
from nodes.disk import Disk
from nodes.effects import Provide
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Task


class Answers(Facility):
    """What the stand-ins on a chain answer."""

    def __init__(self, chain: Chain, disk: Disk) -> None:
        """What an earlier process left on the chain, as the disk knows, is taken back: it is old."""
        self._chain = chain
        self._kept: dict[bytes, dict[int, int]] = disk.kept("answers", dict)
        for question, words in self._kept.items():
            chain.write(question_in(question)[0], dict.fromkeys(words, 0))
        self._kept.clear()

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Giving answers, and taking them back."""
        return {Provide: self._provide}

    def _provide(self, _: Task, effect: Provide) -> None:
        address, _question = question_in(effect.question)
        before = self._kept.pop(effect.question, {})
        now = {} if effect.answer is None else words_of(effect.question, effect.answer)
        if now:
            self._kept[effect.question] = now
        self._chain.write(address, dict.fromkeys(before, 0) | now)
