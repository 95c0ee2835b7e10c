"""``toolgrove index botocore google-discovery``: catalogues that other packages bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.embedders import need_minilm
from toolgrove.cli.main import app
from toolgrove.data.formats import botocore_models, google_discovery
from toolgrove.data.records import ToolSpec


def test_each_word_is_a_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_minilm(monkeypatch)
    aws = ToolSpec("AWS/sqs/SendMessage", "AWS", "SQS", "SendMessage", source="botocore")
    google = ToolSpec("Google/gmail.v1/send", "Google", "Gmail", "send", source="google-discovery")
    monkeypatch.setattr(botocore_models, "load_botocore", lambda: iter([aws]))
    monkeypatch.setattr(google_discovery, "load_google", lambda: iter([google]))
    command = ["index", "botocore", "google-discovery", "--catalog", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert [(row["source"], row["tools"], row["added"]) for row in summary["sources"]] == [
        ("botocore", 1, 1),
        ("google-discovery", 1, 1),
    ]
    assert summary["tools"] == 2
