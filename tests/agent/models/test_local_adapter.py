"""An adapter's folder: read whole or refused, and named wherever its model is."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from toolgrove.agent.models import local
from toolgrove.agent.models.loading import load_model
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.agent.models.local_adapter import ADAPTER, MANIFEST, Adapter, read_adapter
from toolgrove.agent.models.local_engine import Completion
from toolgrove.agent.models.local_prompt import PROMPT_DIGEST, SHOTS
from toolgrove.agent.models.replay import RecordingChatModel
from toolgrove.data import codec
from toolgrove.data.chat_text import model_name
from toolgrove.errors import FormatError, ModelError
from toolgrove.machine.weights import QWEN_CODER_1_5B

PLAIN = "qwen2.5-coder-1.5b-instruct-q4_k_m"


def adapter(folder: Path, **fields: Any) -> Adapter:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ADAPTER).write_bytes(b"GGUF")
    sha256 = hashlib.sha256(b"GGUF").hexdigest()
    made = Adapter(PLAIN, QWEN_CODER_1_5B.sha256, sha256=sha256)
    made = replace(made, **fields)
    made.write(folder)
    return made


class Engine:
    """Replies one call, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[list[dict[str, str]]] = []

    def complete(self, messages: list[dict[str, str]], **request: Any) -> Completion:
        self.shown.append(messages)
        said = '{"thought": "I need it.", "tool": "look", "arguments": {}}'
        return Completion(said, "stop", {"prompt_tokens": 1, "completion_tokens": 1}, {}, ())

    def submit(self, job: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(job(self))
        return done


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(local, "worker", lambda *_: made)
    return made


LOOK = {"type": "function", "function": {"name": "look", "parameters": {}}}


def test_a_model_with_an_adapter_is_named_by_both(tmp_path: Path) -> None:
    made = adapter(tmp_path / "trained")
    model = load_model(f"local:{tmp_path / 'trained'}")
    assert model_name(model) == f"{PLAIN}+{made.digest}"
    assert made.digest != adapter(tmp_path / "other", examples=False).digest
    assert load_model("local")._identifying_params["prompt"] == PROMPT_DIGEST


def test_recordings_and_replies_name_the_adapter(tmp_path: Path, engine: Engine) -> None:
    made = adapter(tmp_path / "trained")
    inner = LocalChatModel(adapter=tmp_path / "trained")
    model = RecordingChatModel(inner=inner, path=tmp_path / "replies.jsonl")
    reply = model.bind_tools([LOOK]).invoke([HumanMessage("Where?")])
    assert reply.response_metadata["model_name"].endswith(made.digest)
    (row,) = map(json.loads, (tmp_path / "replies.jsonl").read_text().splitlines())
    assert made.digest in row["model"]


@pytest.mark.parametrize("examples", [True, False])
def test_it_is_asked_with_the_examples_it_was_trained_with(
    tmp_path: Path, engine: Engine, examples: bool
) -> None:
    adapter(tmp_path / "trained", examples=examples)
    model = LocalChatModel(adapter=tmp_path / "trained")
    reply = model.bind_tools([LOOK]).invoke([HumanMessage("Where?")])
    assert isinstance(reply, AIMessage)
    (shown,) = engine.shown
    assert len(shown) == 2 + (len(SHOTS) if examples else 0)
    assert (reply.response_metadata["prompt_digest"] == PROMPT_DIGEST) is examples


def test_another_base_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "other.gguf"
    base.write_bytes(b"another model")
    trained = tmp_path / "trained"
    made = adapter(trained)
    with pytest.raises(ModelError, match=r"was trained on .* and not on .*other\.gguf"):
        made.check(base)
    with pytest.raises(ModelError, match="was trained on"):
        LocalChatModel(path=base, adapter=trained).invoke([HumanMessage("Hi")])
    own = adapter(trained, base_sha256=hashlib.sha256(b"another model").hexdigest())
    own.check(base)


def test_a_base_of_ones_own_is_found_where_it_was(tmp_path: Path) -> None:
    adapter(tmp_path, base_file="/models/own.gguf")
    assert LocalChatModel(adapter=tmp_path).path == Path("/models/own.gguf")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (MANIFEST, "no json"),
        (MANIFEST, "[]"),
        (MANIFEST, '{"format": "toolgrove-policy/0"}'),
        (MANIFEST, '{"format": "toolgrove-policy/1", "base": 3}'),
        (ADAPTER, "cut sho"),
        (ADAPTER, None),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path: Path, name: str, text: str | None) -> None:
    adapter(tmp_path)
    (tmp_path / name).unlink() if text is None else (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=name):
        load_model(f"local:{tmp_path}")


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    settings = {"method": "sft", "layers": 8}
    made = adapter(tmp_path, settings=settings, measures={"sft": {"last_loss": 0.5}})
    assert read_adapter(tmp_path) == made
    assert codec.loads((tmp_path / MANIFEST).read_bytes())["format"] == "toolgrove-policy/1"
