"""The package's face: light to import, complete, and its README runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toolgrove

HEAVY = (
    "bm25s",
    "chromadb",
    "httpx",
    "langchain_core",
    "numpy",
    "onnxruntime",
    "sentence_transformers",
    "starlette",
    "torch",
    "xllamacpp",
)
ROOT = Path(__file__).resolve().parents[1]
FINISHED = {"return_type": "give_answer", "final_answer": "Paris"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running some code."""
    code += "\nimport sys; print('\\n'.join({m.partition('.')[0] for m in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_importing_toolgrove_loads_nothing_but_itself() -> None:
    bare, ours = loaded_by("import __future__, typing"), loaded_by("import toolgrove")
    assert "toolgrove" in ours
    assert ours - bare <= {"toolgrove"}


def test_help_loads_no_model_no_store_and_no_torch() -> None:
    code = (
        "import sys; sys.argv = ['toolgrove', '--help']\n"
        "from toolgrove.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
    )
    loaded = loaded_by(code)
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_every_public_name_is_there() -> None:
    assert toolgrove.__all__ == sorted(toolgrove.__all__)
    for name in toolgrove.__all__:
        assert getattr(toolgrove, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = toolgrove.nothing


def test_the_readmes_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    script = [
        {"calls": [{"name": "capital", "arguments": {"country": "France"}}]},
        {"calls": [{"name": "Finish", "arguments": FINISHED}]},
    ]
    (tmp_path / "replies.json").write_text(json.dumps(script), encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks, "README has no Python example"
    for block in blocks:
        assert '"openai:gpt-5"' in block  # a real model, in whose place a script stands here
        block = block.replace("openai:gpt-5", "scripted:replies.json")
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    assert "Paris" in capsys.readouterr().out


def test_the_readme_is_one_screen_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 90
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize(
    "command",
    [
        "",
        "run",
        "index",
        "search",
        "recommend",
        "calibrate",
        "compare",
        "report",
        "eval",
        "eval-retrieval",
        "mine",
        "view",
        "demo",
    ],
)
def test_every_command_has_help(command: str) -> None:
    words = [sys.executable, "-m", "toolgrove", *command.split(), "--help"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "Usage" in said
    if command:
        assert "Example" in said
