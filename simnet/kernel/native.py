"""The storage of native functions' stand-ins, as whoever computes for them fills it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from chain.formats.onchain import question_in, words_of
from chain.quantities import Address
from chain.seam import REORG_DEPTH_MAX, Chain
from nodes.disk import Disk
from nodes.effects import Provide, ProvideAgain
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Task


class Answers(Facility):
    """What the stand-ins on a chain answer."""

    def __init__(self, chain: Chain, disk: Disk) -> None:
        """What an earlier process left on the chain, as the disk knows, is taken back: it is old."""
        self._chain = chain
        self._kept: dict[bytes, dict[int, int]] = disk.kept("answers", dict)
        self._taken_back: deque[tuple[int, bytes, list[int]]] = deque()
        """After which block, which question, in which slots: as long as a reorg can bring the answer back."""
        for question, words in self._kept.items():
            chain.write(question_in(question)[0], dict.fromkeys(words, 0))
        self._kept.clear()

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Giving answers, taking them back, and doing so again."""
        return {Provide: self._provide, ProvideAgain: self._again}

    def _provide(self, _: Task, effect: Provide) -> None:
        address, _question = question_in(effect.question)
        before = self._kept.pop(effect.question, {})
        now = {} if effect.answer is None else words_of(effect.question, effect.answer)
        if now:
            self._kept[effect.question] = now
        head, _time = self._chain.head
        self._taken_back.append((head, effect.question, list(before)))
        while self._taken_back[0][0] < head - REORG_DEPTH_MAX:
            self._taken_back.popleft()
        self._chain.write(address, dict.fromkeys(before, 0) | now)

    def _again(self, _: Task, __: ProvideAgain) -> None:
        words: dict[Address, dict[int, int]] = {}
        for _head, question, slots in self._taken_back:
            words.setdefault(question_in(question)[0], {}).update(dict.fromkeys(slots, 0))
        for question, kept in self._kept.items():
            words.setdefault(question_in(question)[0], {}).update(kept)
        for address, written in words.items():
            self._chain.write(address, written)
