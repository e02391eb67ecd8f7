"""Many games, several at a time, in processes that can be killed and gone on with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from chain.errors import SimnetError
from simnet.batch.batch import POLL_S, STOP_FLAG, TRIES, WORKER_DIED, Batch, flag_directory
from simnet.batch.work import FINISHED, RunSummary
from simnet.studies.fuzz.game import Game, Played, play_game
from simnet.studies.fuzz.setting import SETTINGS

GAME_CALLS = 10_000
"""Calls of one game: some seconds, so that little is lost when a process is killed."""


class WorkerLost(SimnetError):
    """A process that played a game died, more than once."""


def games(calls: int, seed: int, settings: Sequence[str] = tuple(SETTINGS)) -> list[Game]:
    """Games that make so many calls together, in turn under each setting."""
    count = -(-calls // GAME_CALLS)
    return [Game(settings[i % len(settings)], seed + i // len(settings), GAME_CALLS) for i in range(count)]


def play_all(todo: Sequence[Game], batch: Batch) -> Iterator[tuple[Game, Played, bool]]:
    """Play games, and yield each with what came of it and whether that was kept from before.

    After a request to stop, no more are begun. Raises `WorkerLost`.
    """
    left: deque[tuple[Game, int]] = deque()
    for game in todo:
        known = batch.store.get(game) if batch.store else None
        if known is None:
            left.append((game, 1))
        elif known.found is not None:
            yield game, known.found, True
    if not left:
        return
    pending: dict[Future[Played | None], tuple[Game, int]] = {}
    with flag_directory(batch.store) as shared, batch.make_executor(min(batch.jobs, len(left))) as executor:
        while left or pending:
            if batch.stop.requested:
                (shared / STOP_FLAG).touch()
                left.clear()
            while left and len(pending) < batch.jobs:
                game, tries = left.popleft()
                pending[executor.submit(play_game, game, shared / STOP_FLAG)] = (game, tries)
            for future in wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED).done:
                game, tries = pending.pop(future)
                try:
                    played = future.result()
                except BrokenExecutor:
                    if tries == TRIES:
                        raise WorkerLost(f"game {game.key}: {WORKER_DIED}") from None
                    batch.warn(f"the process that played {game.key} died: it is played again")
                    left.appendleft((game, tries + 1))
                    continue
                if played is not None:
                    if batch.store is not None:
                        batch.store.put(game, RunSummary(FINISHED, found=played))
                    yield game, played, False
