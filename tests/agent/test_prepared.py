"""What an agent works out once is worked out anew where anything that it rests on changes."""

from __future__ import annotations

from pathlib import Path

from langchain_core.language_models import BaseChatModel

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.running import prepared_for
from toolgrove.data import codec
from toolgrove.data.records import Status, Task
from toolgrove.data.request import Brief
from toolgrove.data.runs import read_run
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool


class Warm(ScriptedModel):
    temperature: float = 0.0


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@tool(effect="read")
def triple(x: int) -> int:
    """Triple a number."""
    return 3 * x


def answering(messages: object) -> object:
    return finish("42")


def agent(model: BaseChatModel | None = None, **options: object) -> Agent:
    model = model or Warm(script=answering)
    return Agent(model=model, tools=[double], **options)  # type: ignore[arg-type]  # any option


def test_runs_that_are_offered_the_same_share_what_is_prepared() -> None:
    made = agent()
    first = prepared_for(made, Task("a", "one"), Brief())
    assert prepared_for(made, Task("b", "another"), Brief()) is first
    named = Task("c", "one", tools=())
    assert prepared_for(made, named, Brief()) is not first
    assert prepared_for(made, named, Brief()).offer.specs == ()


def test_a_tool_that_is_added_is_offered_to_the_next_run() -> None:
    made = agent()
    before = prepared_for(made, Task("a", "one"), Brief())
    made.registry.add_function(triple)
    after = prepared_for(made, Task("a", "one"), Brief())
    assert [spec.name for spec in before.offer.specs] == ["double"]
    assert [spec.name for spec in after.offer.specs] == ["double", "triple"]


def test_a_model_that_samples_in_another_way_is_noted_as_such(tmp_path: Path) -> None:
    model = Warm(script=answering)
    made = agent(model, runs=tmp_path)
    first, _ = made.invoke("one").run, setattr(model, "temperature", 0.5)
    second = made.invoke("one").run
    assert first is not None
    assert second is not None
    sampling = [read_run(run).header["config"]["sampling"] for run in (first, second)]
    assert [one[0]["temperature"] for one in sampling] == [0.0, 0.5]


def test_other_settings_are_prepared_for_themselves(tmp_path: Path) -> None:
    made = agent(runs=tmp_path)
    made.invoke("one")
    run = made.changed(budget=Budget(model_calls=7)).invoke("one").run
    assert run is not None
    settings = read_run(run).header["config"]["settings"]
    assert settings["budget"]["model_calls"] == 7


def test_a_header_reads_the_same_whichever_run_wrote_it(tmp_path: Path) -> None:
    made = agent(runs=tmp_path)
    queries = ("one", "one", "half a character: \ud800")
    runs = [made.invoke(Task("t", query)).run for query in queries]
    headers = [read_run(run).header for run in runs if run is not None]
    assert [header["task"]["query"] for header in headers] == list(queries)
    for header in headers[1:]:
        for part in ("tools", "aliases", "config"):
            assert header[part] == headers[0][part]


async def test_runs_at_once_share_nothing_that_one_of_them_changes() -> None:
    def script(messages: list[object]) -> object:
        return call("double", x=1) if len(messages) < 3 else finish("2")

    made = agent(Warm(script=script))
    outcomes = await made.abatch(["go"] * 5)
    for outcome in outcomes:
        seen = [o.status for node in outcome.tree for o in node.observations]
        assert seen == [Status.OK, Status.FINAL_ANSWER]
        assert outcome.tree.tool_calls == 1
    metas = [outcome.tree.meta for outcome in outcomes]
    metas[0]["planner"] = "mine"
    assert "mine" not in [meta["planner"] for meta in metas[1:]]


def test_json_that_was_made_before_stands_in_json_that_orjson_refuses() -> None:
    value = {"whole": codec.Encoded({"a": [1]}), "half": "\ud800"}
    assert codec.loads(codec.dumps(value)) == {"whole": {"a": [1]}, "half": "\ud800"}
