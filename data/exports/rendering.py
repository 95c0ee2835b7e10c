"""A model's chat template, and rows rendered by it, for trainers that take text only.

Axolotl's (0.19) and OpenRLHF's (0.11.2) loaders drop tools and calls of messages. As text, made by
the template of the model that is trained, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgrove.data.exports.rows import RowKind, TrainingRow, by_turn
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError

__all__ = ["ChatTemplate", "dump_segments", "dump_text"]


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A tokenizer, as far as conversations go.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        With a chat template.
    """

    tokenizer: Any

    @classmethod
    def load(cls, path: str | Path) -> ChatTemplate:
        """Read a tokenizer from a folder, or from a model's GGUF file (extra ``train``).

        Raises
        ------
        UsageError
            Where there is no tokenizer with a chat template, or the extra is missing.
        """
        try:
            from transformers import AutoTokenizer
        except ImportError:
            raise UsageError(
                "a tokenizer is read by transformers. Install it: pip install 'toolgrove[train]'."
            ) from None
        path = Path(path)
        if not path.exists():
            raise UsageError(f"{path}: no such tokenizer. Name a model's folder or GGUF file.")
        where, more = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
        try:
            tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=True, **more)
        except (ImportError, OSError, ValueError, KeyError) as error:
            raise UsageError(f"{path}: no tokenizer can be read from it ({error}).") from None
        if not tokenizer.chat_template:
            raise UsageError(f"{path}: its tokenizer has no chat template. Name another model's.")
        return cls(tokenizer)

    def text(
        self, messages: Sequence[JsonObject], tools: Sequence[JsonObject], *, asks: bool = False
    ) -> str:
        """A conversation as the model reads it; ``asks`` adds the opening of its next turn.

        Raises
        ------
        UnfitRow
            Where the template does not take the messages.
        """
        return str(self._applied(messages, tools, asks, tokenize=False))

    def tokens(
        self, messages: Sequence[JsonObject], tools: Sequence[JsonObject], *, asks: bool = False
    ) -> list[int]:
        """The same as token ids."""
        return list(self._applied(messages, tools, asks, tokenize=True)["input_ids"])

    def _applied(
        self,
        messages: Sequence[JsonObject],
        tools: Sequence[JsonObject],
        asks: bool,
        tokenize: bool,
    ) -> Any:
        try:
            return self.tokenizer.apply_chat_template(
                list(messages),
                tools=list(tools) or None,
                add_generation_prompt=asks,
                tokenize=tokenize,
                return_dict=tokenize,
            )
        except Exception as error:  # a template is a program of others
            raise UnfitRow(f"messages that the template does not take ({error})") from None


_OTHERWISE = "a prompt that the template renders otherwise before an answer"


def dump_text(row: TrainingRow, template: ChatTemplate) -> JsonObject:
    """A row as text: the prompt, opening of the answer included, and what follows of each side.

    Raises
    ------
    UnfitRow
        Where the template renders the prompt otherwise once an answer follows.
    """
    prompt = template.text(row.prompt, row.tools, asks=True)
    made: dict[str, Any] = {"prompt": prompt}
    for name, side in row.sides.items():
        whole = template.text([*row.prompt, *side], row.tools)
        if not whole.startswith(prompt):
            raise UnfitRow(_OTHERWISE)
        made[name] = _ended(whole[len(prompt) :], template)
    if row.kind is RowKind.KTO:
        made["label"] = row.label
    return made


def _ended(text: str, template: ChatTemplate) -> str:
    """A side up to the token that ends it; a trainer that finds it at the very end adds none."""
    end = template.tokenizer.eos_token
    return text.rstrip() if end and text.rstrip().endswith(end) else text


def dump_segments(row: TrainingRow, template: ChatTemplate) -> JsonObject:
    """A row for Axolotl's ``input_output``: text that is learnt, and text that is only read.

    Learnt are the model's turns, and not what tools answered in between.

    Raises
    ------
    UnfitRow
        Where the template renders a turn otherwise once others follow.
    """
    segments: list[JsonObject] = []
    written = ""
    for turn in by_turn(row):
        made = dump_text(turn, template)
        if not made["prompt"].startswith(written):
            raise UnfitRow(_OTHERWISE)
        segments.append({"label": False, "text": made["prompt"][len(written) :]})
        segments.append({"label": True, "text": made["completion"]})
        written = made["prompt"] + made["completion"]
    return {"segments": segments}
