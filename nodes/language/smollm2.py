"""SmolLM2-135M-Instruct behind a gateway: answers token by token, in a thread of its own.

Several answers take turns, a token each; more than `AT_ONCE` wait. Temperature 0 takes the likeliest token; else tokens
are drawn, by the request's `seed` and by what it says, so that the same request gets the same answer.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chain.hashing import keccak
from nodes.gateway.completion import DEFAULT_TOKENS, LENGTH, STOP, Completion, Generation, Tell, wants_json
from nodes.language.text import prompt_of

AT_ONCE = 4
"""Answers that take turns."""
CONTEXT_MAX = 2048
"""Tokens of a request and its answer that are taken (assumption): each keeps 46 KB of keys and values."""
END_OF_TURN = 2
UNFINISHED = "\ufffd"
"""How half a character looks."""


@dataclass(eq=False)
class Turn:
    """An answer that is being made, in the thread that makes it."""

    generation: Generation
    tell: Tell
    tokens: list[int]
    """Of the request."""
    limit: int
    stops: tuple[str, ...]
    temperature: float
    chance: np.random.Generator
    said: list[int] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def given(self) -> str:
        """What was given out."""
        return "".join(self.pieces)


class SmolLM2:
    """Answers requests by the model in a directory that `simnet.up.language` has made."""

    seconds_per_token = 0.0

    def __init__(self, directory: Path, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._session = onnxruntime.InferenceSession(directory / "model.onnx", options, ["CPUExecutionProvider"])
        self._past = [given for given in self._session.get_inputs() if given.name != "tokens"]
        self._outputs = ["logits", *(given.name.removeprefix("past_") for given in self._past)]
        self._queue: queue.SimpleQueue[Turn] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="language model", daemon=True)
        self._thread.start()
        self.fingerprint = f"SmolLM2-135M-Instruct, Q4_1 weights in fp32, ONNX Runtime {onnxruntime.__version__}"

    def begin(self, body: Mapping[str, Any], tell: Tell) -> Generation:
        """Begin to answer a request; what it cannot do it refuses."""
        if refusal := cannot(body):
            return Generation(refusal=refusal)
        tokens = [token for text, is_ours in prompt_of(body) for token in self._encoded(text, is_ours)]
        left = CONTEXT_MAX - len(tokens)
        if left < 1 or not tokens:
            return Generation(refusal=f"the request has {len(tokens)} tokens, and 1 to {CONTEXT_MAX - 1} are taken")
        stops = body.get("stop") or ()
        generation = Generation(tokens_in=len(tokens))
        seed = keccak(json.dumps([body.get("seed"), tokens]).encode())
        turn = Turn(
            generation,
            tell,
            tokens,
            min(left, body.get("max_tokens") or DEFAULT_TOKENS),
            tuple(stop for stop in ((stops,) if isinstance(stops, str) else stops) if stop),
            float(body.get("temperature") or 0.0),
            np.random.default_rng(int.from_bytes(seed, "big")),
        )
        self._queue.put(turn)
        return generation

    def _encoded(self, text: str, is_ours: bool) -> list[int]:
        """Tokens of a text; in what others say special tokens are text like any other."""
        self._tokenizer.encode_special_tokens = not is_ours
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return found

    # -- in the thread -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Let answers take turns, for ever."""
        going: list[tuple[Turn, Iterator[None]]] = []
        while True:
            while len(going) < AT_ONCE and (not going or not self._queue.empty()):
                turn = self._queue.get()
                going.append((turn, self._answer(turn)))
            going = [one for one in going if self._goes_on(*one)]

    def _goes_on(self, turn: Turn, steps: Iterator[None]) -> bool:
        """Make one more token. Returns whether there is more to come."""
        if turn.generation.is_unwanted:
            return False
        try:
            next(steps)
        except StopIteration:
            return False
        except Exception as error:  # whatever it is, whoever waits must hear of it, and the others go on
            turn.tell(partial(setattr, turn.generation, "failure", f"{type(error).__name__}: {error}"))
            return False
        return True

    def _answer(self, turn: Turn) -> Iterator[None]:
        """Make an answer, a token each time."""
        past = {given.name: np.zeros((1, given.shape[1], 0, given.shape[3]), np.float32) for given in self._past}
        new = turn.tokens
        while len(turn.said) < turn.limit:
            logits, *kept = self._session.run(self._outputs, {"tokens": np.array([new], np.int64), **past})
            past = {given.name: value for given, value in zip(self._past, kept, strict=True)}
            token = drawn(logits[0], turn.temperature, turn.chance)
            if token == END_OF_TURN:
                self._end(turn, STOP)
                return
            turn.said.append(token)
            if self._give_out(turn, self._tokenizer.decode(turn.said)):
                self._end(turn, STOP)
                return
            new = [token]
            yield
        self._end(turn, LENGTH)

    def _give_out(self, turn: Turn, text: str) -> bool:
        """Give out what cannot be the beginning of a stop any more. Returns whether a stop has come."""
        found = [text.index(stop) for stop in turn.stops if stop in text]
        if found:
            self._give(turn, text[: min(found)])
            return True
        if not text.endswith(UNFINISHED):
            held = max((len(stop) for stop in turn.stops), default=1) - 1
            self._give(turn, text[: len(text) - held])
        return False

    def _give(self, turn: Turn, text: str) -> None:
        """Give out a text as far as it is new."""
        piece = text[len(turn.given) :]
        if piece:
            turn.pieces.append(piece)
            turn.tell(partial(self._add, turn.generation, piece, len(turn.said)))

    @staticmethod
    def _add(generation: Generation, piece: str, tokens_out: int) -> None:
        generation.parts.append({"content": piece})
        generation.tokens_out = tokens_out

    def _end(self, turn: Turn, reason: str) -> None:
        """Say that an answer is over."""
        text = self._tokenizer.decode(turn.said)
        if not any(stop in text for stop in turn.stops):
            self._give(turn, text.rstrip(UNFINISHED))
        completion = Completion(tuple(turn.pieces), reason, len(turn.tokens), len(turn.said))
        turn.tell(partial(setattr, turn.generation, "completion", completion))


def cannot(body: Mapping[str, Any]) -> str:
    """What of a request the model cannot do; empty if nothing. It answers with text where it may call a tool."""
    if wants_json(body):
        return "SmolLM2-135M cannot be held to JSON: leave out response_format"
    if body.get("tool_choice") not in (None, "auto", "none"):
        return "SmolLM2-135M calls no tools: leave out tool_choice"
    return ""


def drawn(logits: np.ndarray, temperature: float, chance: np.random.Generator) -> int:
    """The next token: the likeliest, or one by its chance."""
    if temperature == 0:
        return int(logits.argmax())
    weights = np.exp((logits - logits.max()).astype(np.float64) / temperature)
    return int(chance.choice(len(weights), p=weights / weights.sum()))
