"""The example scripts run as they are, import from the faces only, and print what is true."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.scripts import said_by

EXAMPLES = Path(__file__).parents[2] / "examples"
PRINTED = {
    "custom_planner": "It is 4. ['gave_up', 'gave_up', 'answered']",
    "evaluate": "67% right",
    "fastapi_app": "{'answer': 'It is 42.', 'ended': 'answered', 'steps': 3}",
    "instructions": "Answer in French, in one sentence.\nOui, trois.",
    "langgraph_node": "'answer': '42'}\n8",
    "mcp_server": "00:05 answered At 00:05.",
    "openapi_with_approval": '{"lent":1}',
    "pairs_for_trl": "SavedPairs(pairs=1, left_out={})\n1 True",
    "quickstart": "It is Paris.\npython/__main__/capital {'country': 'France'} gave Paris",
    "ray_tasks": "It is 6. 3 nodes",
}
OF_ITS_OWN = ("fastapi_app", "langgraph_node", "mcp_server", "pairs_for_trl", "ray_tasks")
"""What builds on another framework runs in a process, as the rest does in this one."""
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def imported(script: Path) -> set[str]:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    found = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return found | {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}


def test_there_are_ten() -> None:
    assert [script.stem for script in SCRIPTS] == sorted(PRINTED)
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"]({script.name})" in text for script in SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_is_short_and_builds_on_the_faces(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60
    ours = {name for name in imported(script) if name.partition(".")[0] == "toolgrove"}
    assert ours <= {f"toolgrove{face}" for face in ("", ".agent", ".planners", ".tools", ".data")}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_prints_what_is_true(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = imported(script) | ({"mcp"} if script.stem == "mcp_server" else set())
    for name in sorted({name.partition(".")[0] for name in needed}):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{script.name} needs {name}, which is not installed")
    monkeypatch.chdir(tmp_path)
    env = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "HF_HUB_OFFLINE": "1"}
    if script.stem not in OF_ITS_OWN:
        assert PRINTED[script.stem] in said_by([str(script)], env)
        return
    line = [sys.executable, str(script)]
    done = subprocess.run(line, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert PRINTED[script.stem] in done.stdout
