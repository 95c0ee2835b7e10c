"""A tokenizer of bytes with a chat template of its own, for the training stack: no hub."""

from __future__ import annotations

from typing import Any

TEMPLATE = (
    "{%- if tools %}{{ 'tools ' + tools | tojson + '\n' }}{%- endif %}"
    "{%- for message in messages %}"
    "{{ '<|' + message.role + '|>' + message.content }}"
    "{%- for call in message.tool_calls or [] %}"
    "{{ '<call>' + call.function.name + ' ' + call.function.arguments | tojson }}"
    "{%- endfor %}{{ '<|end|>\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|assistant|>' }}{%- endif %}"
)


def byte_tokenizer() -> Any:
    """A tokenizer of bytes with a chat template, made here: no hub."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<|end|>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>"
    )
    fast.chat_template = TEMPLATE
    return fast
