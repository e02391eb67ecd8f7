"""Text to tokens and back, as a GGUF file says: byte-level BPE, and the template by which a chat becomes one text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodes.gateway.completion import text_of

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What the model was told in its training where nobody says anything else."""

BEGIN, END = "<|im_start|>", "<|im_end|>"
SPECIAL = 3
"""GGUF's kind of token that stands for no text."""


def write_tokenizer(source: Path, target: Path) -> None:
    """The tokenizer in a GGUF file, as a file of `tokenizers`."""
    from gguf import GGUFReader
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    fields = GGUFReader(source).fields
    tokens, merges, kinds = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges", "token_type"))
    vocabulary = {token: number for number, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocabulary, [tuple(merge.split(" ")) for merge in merges]))
    digits, bytes_ = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, bytes_])
    made.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == SPECIAL]
    made.add_special_tokens([AddedToken(token, special=True) for token in special])
    made.save(str(target))


def prompt_of(body: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """An OpenAI request as one text, in parts, and of each whether special tokens in it are meant as such.

    What somebody says is text, so that nobody can end another's turn by writing what ends it.
    """
    if "prompt" in body:
        return [(str(body["prompt"]), False)]
    parts: list[tuple[str, bool]] = []
    messages = list(body["messages"])
    if messages[0].get("role") not in ("system", "developer"):
        messages.insert(0, {"role": "system", "content": SYSTEM})
    for message in messages:
        role = "system" if message.get("role") == "developer" else str(message.get("role"))
        parts += [(f"{BEGIN}{role}\n", True), (text_of(message.get("content")), False), (f"{END}\n", True)]
    return [*parts, (f"{BEGIN}assistant\n", True)]
