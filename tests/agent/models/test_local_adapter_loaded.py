"""The real local model with a hand-made adapter: llama.cpp takes it, and it changes the reply."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from langchain_core.messages import HumanMessage

from toolgrove.agent.models.loading import load_model
from toolgrove.agent.models.local_adapter import ADAPTER, Adapter, file_digest
from toolgrove.errors import ModelError
from toolgrove.machine.weights import QWEN_CODER_1_5B

pytest.importorskip("xllamacpp", reason="needs the extra `local`")
gguf = pytest.importorskip("gguf", reason="needs the extra `train`")
pytestmark = pytest.mark.local_model

WIDTH, INNER, LAST = 1536, 8960, 27


def made(folder: Path, size: float) -> Adapter:
    """An adapter of the last layer with random values of a size."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    writer = gguf.GGUFWriter(folder / ADAPTER, "qwen2")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 8.0)
    for half, shape in (("a", (8, INNER)), ("b", (WIDTH, 8))):
        values = (draw.standard_normal(shape) * size).astype(np.float16)
        writer.add_tensor(f"blk.{LAST}.ffn_down.weight.lora_{half}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    base = Path(QWEN_CODER_1_5B.file).stem
    adapter = Adapter(base, QWEN_CODER_1_5B.sha256, sha256=file_digest(folder / ADAPTER))
    adapter.write(folder)
    return adapter


def test_an_adapter_changes_the_reply_and_is_named(tmp_path: Path) -> None:
    adapter = made(tmp_path / "trained", 1.0)
    question = [HumanMessage("What is the capital of Japan? One word.")]
    plain, changed = (
        load_model(name, max_tokens=4).invoke(question)
        for name in ("local", f"local:{tmp_path / 'trained'}")
    )
    assert "Tokyo" in str(plain.text)
    assert plain.text != changed.text
    assert changed.response_metadata["model_name"].endswith(f"+{adapter.digest}")


def test_an_adapter_of_another_base_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    other = replace(made(tmp_path / "trained", 1.0), base="other", base_sha256="0" * 64)
    other.write(tmp_path / "trained")
    with pytest.raises(ModelError, match="was trained on other"):
        load_model(f"local:{tmp_path / 'trained'}").invoke([HumanMessage("Hi")])
