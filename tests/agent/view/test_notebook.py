"""What notebooks show: short, escaped, and an example that runs."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.embedders import Hashing
from support.judged_batch import RIGHT, WRONG, evaluate
from support.sample_run import HOSTILE, path_tree, sample_tree, write_run
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.outcome import Outcome
from toolgrove.agent.view.notebook import display
from toolgrove.data.records import ToolSpec
from toolgrove.retriever.hits import Hits
from toolgrove.retriever.ranking import Hit

EXAMPLE = Path(__file__).parents[3] / "examples" / "notebook.ipynb"


class Elements(HTMLParser):
    """Names of the elements and attributes of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))


def outcome(word: str = "") -> Outcome:
    return Outcome.of(sample_tree(word), None)


def hits(word: str = "") -> Hits:
    spec = ToolSpec(f"C{word}/t/look", f"C{word}", "t", "look", f"Looks{word}.")
    return Hits([(Hit(spec.id, 0.9, 0.5, 0.5, "look"), spec)])


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("made", [outcome, hits], ids=["outcome", "hits"])
def test_promise_25_a_cell_shows_the_words_of_a_trace_as_text(made: Any, word: str) -> None:
    assert Elements(made(word)._repr_html_()).found == Elements(made()._repr_html_()).found


def test_an_outcome_shows_its_answer_figures_and_picture() -> None:
    html = outcome()._repr_html_()
    assert html == sample_tree()._repr_html_()
    for said in ("What is x?", "It is x", "8 steps", "failed 2 of 6 calls", "data:image/svg+xml"):
        assert said in html
    assert "<script" not in html


def test_reprs_are_short() -> None:
    tree = path_tree(2_000)
    assert repr(tree) == "<SearchTree 'How long?': 1,999 steps, no answer>"
    assert len(repr(Outcome.of(tree, None))) < 200
    assert len(repr(tree.trajectory(tree.leaves()[0].id))) < 200
    assert len(tree._repr_html_()) < 1_000
    assert repr(hits()) == "[0.90 C/t/look]"


async def test_an_evaluation_is_a_short_table(tmp_path: Path) -> None:
    summary = await evaluate(tmp_path / "R", RIGHT, WRONG)
    assert repr(summary) == "<Summary of 2 runs, answer/2 50.0%>"
    html = summary._repr_html_()
    assert "50.0% (" in html
    assert html.count("<tr") == 1 + len(summary.groups)


def test_what_a_catalogue_finds_is_shown(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog", embedder=Hashing()) as catalog:
        catalog.index("world")
        found = catalog.search("How far are two airports apart?", k=2)
    assert isinstance(found, Hits)
    assert found._repr_html_().count("<tr>") == 3


class Shell:
    """An IPython that keeps what it is told to show."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.display = SimpleNamespace(display=self.shown.append)

    def get_ipython(self) -> Any:
        return self


async def test_display_shows_the_page_in_a_frame_that_reaches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", shell)
    run = write_run(tmp_path / "run")
    await evaluate(tmp_path / "R", RIGHT)
    for what in (outcome(), sample_tree(), run, str(run), tmp_path / "R"):
        display(what)
    for frame in shell.shown:
        html = frame._repr_html_()
        assert Elements(html).found == [
            ("iframe", ["sandbox", "srcdoc", "width", "height", "style"])
        ]
        assert 'sandbox="allow-scripts"' in html
        assert len(repr(frame)) < 100


def test_display_is_a_line_where_there_is_no_notebook(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)
    display(sample_tree())
    assert capsys.readouterr().out == "<SearchTree 'What is x?': 8 steps, answer 'It is x'>\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::DeprecationWarning:jupyter")
def test_the_example_notebook_runs_and_is_kept_without_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ipykernel", reason="runs where the extra dev is installed")
    nbformat = pytest.importorskip("nbformat", reason="runs where the extra dev is installed")
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.read(EXAMPLE, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = ["".join(out.get("data", {}).get("text/html", "") for out in c.outputs) for c in cells]
    assert "1186 km" in shown[0]
    assert "<iframe" in shown[1]
    assert shown[2].count("<tr>") == 6
    assert "50.0%" in shown[3]
