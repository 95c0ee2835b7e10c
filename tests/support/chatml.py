"""A tokenizer with a chat template, in plain Python: ChatML as Qwen2.5 has it, a token a word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from toolgrove.data.exports.rendering import ChatTemplate

Messages = list[dict[str, Any]]


def rendered(messages: Messages, tools: list[Any] | None, asks: bool) -> str:
    text = f"<|im_start|>tools\n{json.dumps(tools)}<|im_end|>\n" if tools else ""
    for message in messages:
        calls = [
            f"<tool_call>\n{json.dumps(call['function'])}\n</tool_call>"
            for call in message.get("tool_calls") or ()
        ]
        said = "\n".join(filter(None, (message["content"], *calls)))
        text += f"<|im_start|>{message['role']}\n{said}<|im_end|>\n"
    return text + ("<|im_start|>assistant\n" if asks else "")


class Tokenizer:
    """What :class:`ChatTemplate` asks of a tokenizer of transformers."""

    eos_token = "<|im_end|>"

    def __init__(self, render: Callable[[Messages, list[Any] | None, bool], str]) -> None:
        self.render = render
        self.known: dict[str, int] = {}

    def apply_chat_template(
        self,
        messages: Messages,
        *,
        tools: list[Any] | None,
        add_generation_prompt: bool,
        tokenize: bool,
        return_dict: bool,
    ) -> Any:
        text = self.render(messages, tools, add_generation_prompt)
        if not tokenize:
            return text
        words = re.findall(r"\w+|\W", text)
        return {"input_ids": [self.known.setdefault(word, len(self.known)) for word in words]}


def template(
    render: Callable[[Messages, list[Any] | None, bool], str] = rendered,
) -> ChatTemplate:
    return ChatTemplate(Tokenizer(render))
