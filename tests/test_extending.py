"""A package outside the repository adds one of everything, and docs/extending.md shows it whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from support.embedders import need_minilm
from toolgrove import Agent, Registry, ScriptedModel, Task, ToolCall, ToolSpec, load_model
from toolgrove.agent import Evaluation, call, finish
from toolgrove.data import SPECS, TREES, FormatError, UsageError, load_sources, read_tree
from toolgrove.evaluators import parse_evaluators
from toolgrove.planners import as_frontier, parse_planner, planner_text
from toolgrove.tools import BackendContext, Execute, parse_wrappers
from toolgrove.tools.calls.backends import backend_factory
from toolgrove.tools.calls.settings import CallSettings

SOURCE = Path(__file__).parent / "support" / "dummy_package"
PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
GREETING = ToolSpec(
    "greetings/hello",
    "Phrases",
    "greetings",
    "hello",
    "Say hello.",
    binding={"kind": "phrase", "says": "Hello, ask@example.org!"},
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip installed the dummy package into, built from its source and offline."""
    copied, target = tmp_path_factory.mktemp("dummy") / "source", tmp_path_factory.mktemp("site")
    shutil.copytree(SOURCE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    how = "--no-deps --no-index --no-build-isolation --no-compile --disable-pip-version-check -q"
    pip = [sys.executable, "-m", "pip", "install", *how.split(), "--target", str(target)]
    ran = subprocess.run([*pip, str(copied)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}\nsetuptools is in the extra `dev`"
    return target


@pytest.fixture
def dummy(site: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The installed package, in this process."""
    monkeypatch.syspath_prepend(site)
    return import_module("toolgrove_dummy")


def toolgrove(site: Path, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The command line, where the dummy package is installed."""
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}
    line = [sys.executable, "-m", "toolgrove", *map(str, words)]
    return subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a catalogue of one tool, bound to a kind that only the package knows."""
    with Registry.open(tmp_path / "toolgrove-catalog") as registry:
        registry.add([GREETING])
    return tmp_path


def capital(country: str) -> str:
    """Capital of a country."""
    return {"France": "Paris"}[country]


def test_a_planner_goes_by_its_name_and_as_an_object(dummy: Any) -> None:
    made = parse_planner("breadth:width=3")
    assert isinstance(made, dummy.Breadth)
    assert planner_text(made) == "breadth:width=3,depth=4"
    made.next()  # begun
    assert as_frontier(made).next()
    model = scripted(call("capital", country="France"), call("capital"), finish("Paris"))
    outcome = Agent(model=model, tools=[capital], planner="breadth:width=2").invoke("Capital?")
    assert outcome.answer == "Paris"
    assert [node.depth for node in outcome.tree][1:3] == [1, 1], "both children before a grandchild"


def scripted(*replies: Any) -> ScriptedModel:
    return ScriptedModel(replies=[*replies, *[finish("too late")] * 8])


async def test_an_evaluator_goes_by_its_name_and_as_an_object(dummy: Any) -> None:
    agent = Agent(model=scripted(finish("It is Paris.")), tools=[capital], planner="react")
    tree = (await agent.ainvoke("Capital?")).tree
    named, given = parse_evaluators(["brevity:words=3", dummy.Brevity(2)])
    assert [(await one.score(tree)).value for one in (named, given)] == [1.0, 0.0]
    assert (named.name, given.name) == ("brevity/1@3", "brevity/1@2")
    with pytest.raises(UsageError, match=r"no evaluator called 'brevety'\. Known: .*brevity"):
        parse_evaluators(["brevety"])
    with pytest.raises(UsageError, match="two evaluators score under the name 'brevity/1@20'"):
        parse_evaluators(["brevity", dummy.Brevity()])


async def test_a_backend_and_a_wrapper_make_the_calls(dummy: Any) -> None:
    registry = Registry()
    registry.add([GREETING])
    factory = backend_factory("phrase")
    assert factory is dummy.phrases
    execute: Execute = factory(BackendContext(registry, CallSettings(), registry.get)).execute
    for wrap in parse_wrappers(["no-mail"]):
        execute = wrap(execute)
    seen = await execute(ToolCall("1", GREETING.id, {}))
    assert (seen.content, seen.size) == ("Hello, [e-mail]!", 16)
    with pytest.raises(UsageError, match=r"no wrapper called 'no-male'\. Known: no-mail"):
        parse_wrappers(["no-male"])


def test_a_backend_given_in_python_comes_before_all_others(dummy: Any) -> None:
    assert backend_factory("python", {"python": dummy.phrases}) is dummy.phrases
    assert backend_factory("carrier pigeon") is None


def test_an_importer_reads_its_files_wherever_files_are_read(dummy: Any, tmp_path: Path) -> None:
    (tmp_path / "greetings.phrases").write_text("hello: Hello!\nbye: Bye.\n")
    (tmp_path / "notes.txt").write_text("nobody's")
    sources = load_sources([tmp_path], SPECS)
    [loaded] = sources
    assert (loaded.kind, [spec.id for spec in loaded.specs]) == (
        "phrasebook",
        ["greetings/hello", "greetings/bye"],
    )
    trees = load_sources([tmp_path], TREES)
    assert (list(trees), trees.passed) == ([], 1)
    with pytest.raises(FormatError, match="not: phrasebook"):
        list(load_sources([tmp_path / "greetings.phrases"], TREES))
    (tmp_path / "greetings.phrases").write_text("hello\n")
    with pytest.raises(FormatError, match=r"line 1: expected NAME: PHRASE. Add the colon"):
        list(load_sources([tmp_path], SPECS))


def test_an_importer_that_breaks_is_an_error_of_its_file(tmp_path: Path) -> None:
    class Broken:
        kind, holds = "riddle", "specs"

        def recognises(self, path: Path) -> bool:
            if path.suffix == ".json":
                raise ValueError("never seen such a file")
            return path.suffix == ".riddle"

        def load(self, path: Path) -> Any:
            raise KeyError("answer")

    (tmp_path / "a.riddle").write_text("?")
    (tmp_path / "tool.json").write_text('{"tool_name": "T", "api_list": []}')
    importers: list[Any] = [Broken()]
    sources = load_sources([tmp_path], SPECS, skip_bad=True, importers=importers)
    assert [loaded.path.name for loaded in sources] == ["tool.json"]
    [error] = sources.skipped
    assert "a.riddle: at $: expected a riddle" in str(error)
    assert "KeyError('answer')" in str(error)


def test_a_model_goes_by_its_name(dummy: Any) -> None:
    assert load_model("parrot:hello").invoke("Say it.").tool_calls[0]["name"] == "hello"  # type: ignore[attr-defined]  # an AIMessage
    with pytest.raises(UsageError, match=r"parrot:….*of an installed package"):
        load_model("parot")


def test_the_command_line_takes_the_planner_and_the_model(site: Path, here: Path) -> None:
    words = ["Greet!", "--planner", "breadth:width=1", "--model", "parrot:hello_for_greetings"]
    ran = toolgrove(site, here, "run", *words, "--tool", GREETING.id, "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    tree = read_tree(here / said["run"])
    assert [one.name for node in tree for one in node.calls] == [GREETING.id, "Finish"]
    assert tree.meta["planner"] == "breadth:width=1,depth=4"


def test_the_command_line_indexes_what_the_importer_reads(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_minilm(monkeypatch)
    (tmp_path / "greetings.phrases").write_text("hello: Hello!\n")
    ran = toolgrove(site, tmp_path, "index", "greetings.phrases", "--json")
    assert ran.returncode == 0, ran.stderr
    [source] = json.loads(ran.stdout)["sources"]
    assert (source["kind"], source["tools"]) == ("phrasebook", 1)


def test_the_page_shows_the_package_as_it_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    module = (SOURCE / "toolgrove_dummy.py").read_text(encoding="utf-8")
    project = (SOURCE / "pyproject.toml").read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(shown) == 7
    assert all(block in module for block in shown)
    assert all(block in project for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL))
    assert len("".join(shown).splitlines()) > 0.85 * len(re.sub("\n\n+", "\n", module).splitlines())


def test_an_agent_takes_objects(dummy: Any) -> None:
    agent: Any = Agent(
        model=load_model("parrot:hello_for_greetings"),
        tools=[GREETING],
        planner=dummy.Breadth(width=1),
        wrappers=[dummy.no_mail],
        backends={"phrase": dummy.phrases},
    )
    assert agent.invoke("Greet!").answer == "Hello, [e-mail]!"
    assert agent.invoke("Greet again!").answer == "Hello, [e-mail]!", "each run has a fresh planner"


def test_an_agent_takes_what_finds_its_tools(dummy: Any) -> None:
    asked: list[tuple[str, int]] = []

    def retrieve(query: str, k: int) -> list[ToolSpec]:
        asked.append((query, k))
        return [GREETING]

    made: Any = Agent
    agent = made(model=load_model("parrot:hello_for_greetings"), retrieve=retrieve, k=3)
    assert agent.invoke("Greet!").answer == "Hello, ask@example.org!"
    assert asked == [("Greet!", 3)]


async def test_an_evaluation_takes_names_and_objects(dummy: Any, tmp_path: Path) -> None:
    made: Any = Evaluation
    agent = Agent(model=load_model("parrot:hello_for_greetings"), tools=[GREETING], planner="react")
    evaluation = made(agent, evaluators=["answer", dummy.Brevity(2)])
    summary = await evaluation.run([Task("1", "Greet!", tools=(GREETING.id,))], tmp_path)
    assert "brevity/1@2" in str(summary)


def test_the_command_line_takes_the_backend_and_the_wrapper(site: Path, here: Path) -> None:
    words = ["Greet!", "--planner", "breadth", "--model", "parrot:hello_for_greetings"]
    tool = ["--tool", GREETING.id, "--wrapper", "no-mail", "--json"]
    ran = toolgrove(site, here, "run", *words, *tool)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["answer"] == "Hello, [e-mail]!"


def test_the_command_line_takes_the_evaluator(site: Path, here: Path) -> None:
    words = ["eval", "world", "--limit", "1", "--model", "parrot:nothing", "--planner", "react"]
    ran = toolgrove(site, here, *words, "--evaluator", "brevity", "--out", "results")
    assert ran.returncode == 0, ran.stderr
    assert "brevity/1@20" in ran.stdout
