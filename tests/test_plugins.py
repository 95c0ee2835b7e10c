"""A name is built in or of an installed package, and a broken package costs no other its own."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toolgrove import plugins
from toolgrove.errors import UsageError
from toolgrove.plugins import Plugins

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package on the path, as pip would leave it: its metadata and one module."""

    def put(name: str, entry_points: str, code: str = "") -> None:
        site = tmp_path / name
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        (site / f"{name}_code.py").write_text(code)
        monkeypatch.syspath_prepend(site)

    return put


@pytest.fixture(autouse=True)
def _each_warning_anew() -> None:
    plugins._warn.cache_clear()


def letters() -> Plugins[str]:
    return Plugins(
        "letters",
        {"ascii": "string:ascii_lowercase"},
        lambda name, found: "" if isinstance(found, str) else "letters are a text",
    )


def test_built_in_names_need_no_look_at_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(path: object) -> None:
        raise AssertionError("the installed packages were looked through")

    monkeypatch.setattr(plugins, "_entry_points", looked)
    assert letters()["ascii"].startswith("abc")
    assert "ascii" in letters()


def test_a_plugin_is_imported_when_its_name_is_asked_for(install: Install) -> None:
    install("lazy", "[toolgrove.letters]\ngreek = lazy_code:GREEK\n", "GREEK = 'αβγ'\n")
    table = letters()
    assert list(table) == ["ascii", "greek"]
    assert "greek" in table
    assert "lazy_code" not in sys.modules
    assert table["greek"] == "αβγ"
    assert table.plugins() == {"greek": "αβγ"}
    with pytest.raises(KeyError):
        table["runes"]


BROKEN = {
    "missing": ("gone = no_such_module:X", "ModuleNotFoundError", ""),
    "nameless": ("gone = nameless_code:X", "AttributeError", ""),
    "raising": (
        "gone = raising_code:X",
        "RuntimeError: at import",
        "raise RuntimeError('at import')",
    ),
    "leaving": ("gone = leaving_code:X", "SystemExit: 3", "import sys; sys.exit(3)"),
    "unfit": ("gone = unfit_code:X", "letters are a text", "X = 7"),
    "garbled": ("gone = ???", "cannot be used", ""),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named_and_passed_over(
    install: Install, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    line, why, code = BROKEN[kind]
    install("fine", "[toolgrove.letters]\ngreek = fine_code:GREEK\n", "GREEK = 'αβγ'\n")
    install(kind, f"[toolgrove.letters]\n{line}\n", code)
    table = letters()
    assert table["ascii"]
    assert table["greek"] == "αβγ"
    assert table.plugins() == {"greek": "αβγ"}
    [warning] = [record.getMessage() for record in caplog.records]
    assert "letter 'gone' is passed over" in warning
    assert f"of the package {kind}" in warning
    assert why in warning
    table.plugins()
    assert len(caplog.records) == 1, "said once"
    with pytest.raises(UsageError, match=f"letter 'gone': .*package {kind}"):
        table["gone"]


def test_a_package_whose_entry_points_cannot_be_read_costs_no_other(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("fine", "[toolgrove.letters]\ngreek = fine_code:GREEK\n", "GREEK = 'αβγ'\n")
    install("torn", "[toolgrove.letters]\nthis is no entry point\n")
    assert letters()["greek"] == "αβγ"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "torn" in caplog.text


def test_the_first_of_two_packages_has_a_name_and_none_takes_a_built_in_one(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install(
        "second", "[toolgrove.letters]\nascii = second_code:X\ngreek = second_code:X\n", "X='2'"
    )
    install("first", "[toolgrove.letters]\ngreek = first_code:X\n", "X = '1'")
    table = letters()
    assert table["ascii"].startswith("abc")
    assert table["greek"] == "1"
    said = [record.getMessage() for record in caplog.records]
    assert any("'ascii' is built in" in one for one in said)
    assert any("second_code:X of the package second is passed over" in one for one in said)


def test_a_warning_is_on_standard_error_where_nobody_set_up_a_log(
    install: Install, tmp_path: Path
) -> None:
    install("broken", "[toolgrove.models]\nbroken = no_such_module:X\n")
    code = "from toolgrove.agent.models.loading import load_model; load_model('nobody')"
    path = [str(tmp_path / "broken"), *sys.path]
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "model 'broken' is passed over" in ran.stderr
    assert "UsageError: no model is called 'nobody'" in ran.stderr
