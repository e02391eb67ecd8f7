"""The graph that is made of a GGUF file's tensors, held against a Llama written out in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from nodes.language.convert import Shape, graph_of

SHAPE = Shape(
    layers=2, width=64, heads=4, kv_heads=2, vocabulary=50, theta=10_000.0, epsilon=1e-5, context=64
)  # heads of 16: as narrow as the operator takes


def weights() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(7)
    kv, wide = SHAPE.kv_heads * SHAPE.head, 96
    sizes = {
        "attn_q": (SHAPE.width, SHAPE.width),
        "attn_k": (kv, SHAPE.width),
        "attn_v": (kv, SHAPE.width),
        "attn_output": (SHAPE.width, SHAPE.width),
        "ffn_gate": (wide, SHAPE.width),
        "ffn_up": (wide, SHAPE.width),
        "ffn_down": (SHAPE.width, wide),
        "attn_norm": (SHAPE.width,),
        "ffn_norm": (SHAPE.width,),
    }
    made = {
        f"blk.{layer}.{name}.weight": chance.normal(1.0 if "norm" in name else 0.0, 0.2, size)
        for layer in range(SHAPE.layers)
        for name, size in sizes.items()
    }
    made["token_embd.weight"] = chance.normal(0, 1, (SHAPE.vocabulary, SHAPE.width))
    made["output_norm.weight"] = chance.normal(1, 0.2, SHAPE.width)
    return {name: value.astype(np.float32) for name, value in made.items()}


WEIGHTS = weights()


def normed(value: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.asarray(value / np.sqrt((value**2).mean(-1, keepdims=True) + SHAPE.epsilon) * scale)


def turned(value: np.ndarray) -> np.ndarray:
    """Rotary embedding as Llama's authors have it, which GGUF keeps: neighbours turn together."""
    positions, pairs = np.arange(value.shape[0])[:, None, None], np.arange(SHAPE.head // 2)
    angle = positions * SHAPE.theta ** (-2 * pairs / SHAPE.head)
    even, odd = value[..., 0::2], value[..., 1::2]
    return np.stack(
        [even * np.cos(angle) - odd * np.sin(angle), even * np.sin(angle) + odd * np.cos(angle)], -1
    ).reshape(value.shape)


def llama(tokens: list[int]) -> np.ndarray:
    """Logits of the last token, in double precision."""
    of = {name: value.astype(np.float64) for name, value in WEIGHTS.items()}
    hidden, count = of["token_embd.weight"][tokens], len(tokens)
    for layer in range(SHAPE.layers):
        w = {name: of[f"blk.{layer}.{name}.weight"] for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
        f = {name: of[f"blk.{layer}.{name}.weight"] for name in ("ffn_gate", "ffn_up", "ffn_down")}
        inner = normed(hidden, of[f"blk.{layer}.attn_norm.weight"])
        q = turned((inner @ w["attn_q"].T).reshape(count, SHAPE.heads, SHAPE.head))
        k, v = ((inner @ w[name].T).reshape(count, SHAPE.kv_heads, SHAPE.head) for name in ("attn_k", "attn_v"))
        shared = SHAPE.heads // SHAPE.kv_heads
        k, v = np.repeat(turned(k), shared, 1), np.repeat(v, shared, 1)
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(SHAPE.head)
        scores[:, np.triu(np.ones((count, count), bool), 1)] = -np.inf
        share = np.exp(scores - scores.max(-1, keepdims=True))
        attended = np.einsum("hqk,khd->qhd", share / share.sum(-1, keepdims=True), v).reshape(count, -1)
        hidden = hidden + attended @ w["attn_output"].T
        inner = normed(hidden, of[f"blk.{layer}.ffn_norm.weight"])
        gate = inner @ f["ffn_gate"].T
        hidden = hidden + (gate / (1 + np.exp(-gate)) * (inner @ f["ffn_up"].T)) @ f["ffn_down"].T
    return np.asarray(normed(hidden[-1], of["output_norm.weight"]) @ of["token_embd.weight"].T)


@pytest.fixture(scope="module")
def session() -> Any:
    return onnxruntime.InferenceSession(graph_of(SHAPE, WEIGHTS).SerializeToString())


def run(
    session: Any, tokens: list[int], past: dict[str, np.ndarray] | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """Logits, and what is kept for the next step."""
    empty = np.zeros((1, SHAPE.kv_heads, 0, SHAPE.head), np.float32)
    names = [given.name for given in session.get_inputs() if given.name != "tokens"]
    past = past or dict.fromkeys(names, empty)
    outputs = ["logits", *(name.removeprefix("past_") for name in names)]
    logits, *kept = session.run(outputs, {"tokens": np.array([tokens], np.int64), **past})
    return logits[0], dict(zip(names, kept, strict=True))


TOKENS = [3, 1, 4, 1, 5, 9, 2, 6, 49, 0]


@pytest.mark.parametrize("count", [1, 2, 10])
def test_the_graph_gives_what_a_llama_gives(session: Any, count: int) -> None:
    logits, _ = run(session, TOKENS[:count])
    assert np.abs(logits - llama(TOKENS[:count])).max() < 1e-3
    assert np.ptp(logits) > 1


def test_going_on_from_what_is_kept_gives_the_same_as_beginning_anew(session: Any) -> None:
    _, past = run(session, TOKENS[:4])
    for number in range(4, len(TOKENS)):
        logits, past = run(session, [TOKENS[number]], past)
        assert np.abs(logits - llama(TOKENS[: number + 1])).max() < 1e-3
