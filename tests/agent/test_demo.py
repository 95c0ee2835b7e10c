"""The whole job, replayed: what the project's first command does."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from toolgrove.cli.main import app
from toolgrove.data.records import NodeState
from toolgrove.data.runs import read_tree


def test_the_replayed_demo_serves_indexes_solves_judges_mines_and_shows(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "--replay", "--json", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert [row["planner"] for row in said["planners"]] == ["react", "dfsdt"]
    assert said["replayed"] is True
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert len(rows) == said["preference_pairs"] >= 1
    assert all(row["chosen"] != row["rejected"] for row in rows)
    trees = [read_tree(run.parent) for run in tmp_path.glob("runs/dfsdt/*/journal.jsonl")]
    assert any(node.state is NodeState.PRUNED for tree in trees for node in tree)
    assert "Content-Security-Policy" in (tmp_path / "trees.html").read_text()
