"""Each trainer's own loader on exported rows; run by ``exports.py`` in that trainer's environment.

    python exports_loaders.py TRAINER FOLDER TOKENIZER

Prints one JSON list: for each row what the loader holds of it, as text.
"""

from __future__ import annotations

import json
import os
import sys
import types
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1"}


def rows(folder: Path, name: str = "dpo.jsonl") -> list[Any]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def absent(name: str, **holds: Any) -> None:
    """What no row here needs: sounds, pictures, many machines."""
    module = types.ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(holds)
    sys.modules[name] = module


def llamafactory(folder: Path) -> list[Any]:
    absent("torchaudio")
    from llamafactory.data.converter import get_dataset_converter
    from llamafactory.data.formatter import FunctionFormatter
    from llamafactory.data.parser import DatasetAttr

    info = json.loads((folder / "dataset_info.json").read_text())["toolgrove_dpo"]
    attr = DatasetAttr("file", dataset_name=info["file_name"])
    attr.join(info)
    convert = get_dataset_converter(attr.formatting, attr, SimpleNamespace(media_dir=""))
    format_calls = FunctionFormatter(slots=["{{content}}"], tool_format="qwen")
    marks = {"thought_words": ("<think>", "</think>"),
             "tool_call_words": ("<tool_call>", "</tool_call>")}  # fmt: skip

    def turn(message: dict[str, str]) -> Any:
        if message["role"] != "function":
            return message["content"]
        return format_calls.apply(content=message["content"], **marks)

    held = [convert(row) for row in rows(folder)]
    return [
        [row["_tools"], *map(turn, row["_prompt"]), *map(turn, row["_response"])] for row in held
    ]


def ms_swift(folder: Path) -> list[Any]:
    from datasets import Features, Json, List, Value, load_dataset
    from swift.dataset.preprocessor.core import RowPreprocessor

    messages = List(Json())
    columns = {"messages": messages, "rejected_messages": messages, "tools": Value("string")}
    file = str(folder / "dpo.jsonl")
    read = load_dataset("json", data_files=file, split="train", features=Features(columns))
    return list(RowPreprocessor()(read, strict=True))


def axolotl(folder: Path) -> list[Any]:
    from axolotl.prompt_strategies.dpo.user_defined import default

    transform = default({"datasets": [{"type": {"field_prompt": "prompt"}}]})
    return [transform(row) for row in rows(folder)]


def openrlhf(folder: Path) -> list[Any]:
    from openrlhf.datasets.reward_dataset import preprocess_data

    return [preprocess_data(row, prompt_key="prompt", is_dpo=True) for row in rows(folder)]


def verl(folder: Path, tokenizer: Path) -> list[Any]:
    """The rows as verl's own data set hands them to its trainer, read with the class we write."""
    absent("ray", ObjectRef=object)
    absent("verl.models.transformers.qwen2_vl", get_rope_index=None)
    from transformers import AutoTokenizer

    known = AutoTokenizer.from_pretrained(tokenizer)
    scope: dict[str, Any] = {}
    exec((folder / "toolgrove_rows.py").read_text(), scope)
    config = {"pad_mode": "no_padding", "max_length": 10**7, "ignore_input_ids_mismatch": True}
    data = scope["ToolgroveRows"]([str(folder / "sft.parquet")], known, config)
    return [known.decode(data[place]["input_ids"]) for place in range(len(data))]


if __name__ == "__main__":
    loaders = {"llamafactory": llamafactory, "ms-swift": ms_swift, "axolotl": axolotl,
               "openrlhf": openrlhf,
               "verl": partial(verl, tokenizer=Path(sys.argv[3]))}  # fmt: skip
    held = loaders[sys.argv[1]](Path(sys.argv[2]))
    print("\n" + json.dumps([json.dumps(row, ensure_ascii=False) for row in held]))
