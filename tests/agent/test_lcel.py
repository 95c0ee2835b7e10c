"""An agent is a Runnable as LangChain's are: in chains, with history, as a tool, in batches."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from support.bench import Bench
from toolgrove.agent.agent import Agent
from toolgrove.agent.inputs import as_task
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.outcome import Outcome
from toolgrove.data.records import Task
from toolgrove.data.runs import read_run
from toolgrove.errors import ModelError, UsageError
from toolgrove.planners.registry import PLANNERS

BENCH = Bench()


def agent(model: ScriptedModel | list[AIMessage], planner: str = "react", **options: Any) -> Agent:
    model = ScriptedModel(replies=model) if isinstance(model, list) else model
    made = Agent(model=model, planner=planner, **options)
    made.registry = BENCH.registry
    return made


PROMPT = ChatPromptTemplate.from_messages(
    [("system", "You speak like {who}."), MessagesPlaceholder("history"), ("human", "{question}")]
)
HISTORY = [HumanMessage("How far is it?"), AIMessage("337 km.")]


async def test_a_chain_with_history_ends_in_a_parser() -> None:
    model = ScriptedModel(replies=[finish("209 miles.")])
    chain = PROMPT | agent(model) | StrOutputParser()
    given = {"who": "a pirate", "history": HISTORY, "question": "And in miles?"}
    assert await chain.ainvoke(given) == "209 miles."
    system, *others = model.asked[0]
    assert system.text.endswith("You speak like a pirate.")
    assert [(m.type, m.text) for m in others] == [
        ("human", "How far is it?"),
        ("ai", "337 km."),
        ("human", "And in miles?"),
    ]


def test_a_parser_of_json_reads_an_answer_too() -> None:
    chain = agent([finish('{"km": 337}')]) | JsonOutputParser()
    assert chain.invoke("How far?") == {"km": 337}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_langchain_keeps_the_history_of_it() -> None:
    kept = InMemoryChatMessageHistory()
    model = ScriptedModel(replies=[finish("337 km."), finish("209 miles.")])
    chain = RunnableWithMessageHistory(PROMPT | agent(model), lambda session: kept,
        input_messages_key="question", history_messages_key="history")  # fmt: skip
    config: Any = {"configurable": {"session_id": "s"}}
    for question in ("How far?", "In miles?"):
        chain.invoke({"who": "a clerk", "question": question}, config=config)
    assert [m.text for m in kept.messages] == ["How far?", "337 km.", "In miles?", "209 miles."]
    assert [m.text for m in model.asked[1][1:]] == ["How far?", "337 km.", "In miles?"]


@pytest.mark.parametrize(
    "asked",
    [
        "In miles?",
        Task("t", "In miles?"),
        HumanMessage("In miles?"),
        [HumanMessage("In miles?")],
        ("user", "In miles?"),
        [("user", "In miles?")],
        [{"role": "user", "content": "In miles?"}],
        [{"role": "user", "content": [{"type": "text", "text": "In miles?"}]}],
        {"messages": [("human", "In miles?")]},
        {"messages": "In miles?"},
        ChatPromptTemplate.from_template("In miles?").invoke({}),
    ],
    ids=lambda asked: type(asked).__name__,
)
def test_every_form_of_a_request_is_the_same_request(asked: Any) -> None:
    model = ScriptedModel(replies=[finish("209")])
    assert agent(model).invoke(asked).answer == "209"
    assert [m.text for m in model.asked[0][1:]] == ["In miles?"]
    if not isinstance(asked, Task):
        assert as_task(asked) == as_task("In miles?")


@pytest.mark.parametrize(
    "asked",
    [[], None, 5, {"input": "x"}, [AIMessage("hi")], [("nobody", "hi")], HISTORY],
    ids=repr,
)
def test_what_is_no_request_is_refused_in_plain_words(asked: Any) -> None:
    with pytest.raises(UsageError, match=r"messages|last message"):
        agent([]).invoke(asked)


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_every_planner_is_shown_what_was_said_before(planner: str) -> None:
    def script(messages: Any) -> AIMessage:
        text = str(messages[-1].content)
        if "one digit" in text:
            return AIMessage("9")
        if "one letter" in text:
            return AIMessage("A")
        return AIMessage("Finish(209)") if "Tools:\n" in text else finish("209")

    model = ScriptedModel(script=script)
    asked = [*HISTORY, HumanMessage("And in miles?")]
    assert (await agent(model, planner).ainvoke(asked)).answer == "209"
    for said in model.asked:
        text = "\n".join(str(message.content) for message in said)
        assert text.index("How far is it?") < text.index("337 km.") < text.rindex("And in miles?")


async def test_an_outcome_gives_the_conversation_to_go_on_with(tmp_path: Path) -> None:
    model = ScriptedModel(
        replies=[call("add", "I add.", a=1, b=2), finish("3"), call("add", a=3, b=2), finish("5")]
    )
    made = agent(model, runs=tmp_path)
    first = await made.ainvoke("What is 1 and 2?")
    assert [m.type for m in first.messages] == ["human", "ai", "tool", "ai"]
    second = await made.ainvoke([*first.messages, ("user", "And 2 more?")])
    assert [m.text for m in second.messages if m.type == "ai"] == ["I add.", "3", "", "5"]
    ids = [c["id"] for m in second.messages if isinstance(m, AIMessage) for c in m.tool_calls]
    assert len(ids) == len({*ids}) == 2
    assert [m.tool_call_id for m in second.messages if isinstance(m, ToolMessage)] == ids
    said = ["What is 1 and 2?", "I add.", "3", "3", "And 2 more?"]
    assert [m.text for m in model.asked[2][1:]] == said
    assert second.run is not None
    kept = read_run(second.run).began[0]
    assert kept.query == "And 2 more?"
    assert (await made.aresume(second.run)).messages == second.messages


async def test_a_run_with_history_goes_on_with_it(tmp_path: Path) -> None:
    def dies(messages: Any) -> AIMessage:
        raise ConnectionError("gone")

    task = as_task([*HISTORY, HumanMessage("And in miles?")])
    with pytest.raises(ModelError):
        await agent(ScriptedModel(script=dies)).solve(task, tmp_path / "r")
    model = ScriptedModel(replies=[finish("209")])
    assert (await agent(model).aresume(tmp_path / "r")).answer == "209"
    assert [m.text for m in model.asked[0][1:]] == ["How far is it?", "337 km.", "And in miles?"]


def test_calls_without_results_and_results_of_no_call_are_left_out() -> None:
    asked = [
        HumanMessage("a"),
        AIMessage("", tool_calls=[{"name": "add", "args": {}, "id": "1"}]),
        ToolMessage("x", tool_call_id="2"),
        HumanMessage("b"),
    ]
    model = ScriptedModel(replies=[finish("c")])
    agent(model).invoke(asked)
    assert [m.text for m in model.asked[0][1:]] == ["a", "b"]


async def test_an_agent_is_a_tool_of_another() -> None:
    inner = agent([finish("3")]).as_tool(name="sums", description="Adds what it is asked to.")
    assert [*inner.args] == ["request"]
    assert await inner.ainvoke("What is 1 and 2?") == "3"
    outer = ScriptedModel(
        replies=[call("sums_for_langchain", request="1 and 2?"), finish("It is 3.")]
    )
    made = Agent(
        model=outer,
        tools=[agent([finish("3")]).as_tool(name="sums", description="Adds.")],
        planner="react",
    )
    outcome = await made.ainvoke("What?")
    assert outcome.answer == "It is 3."
    assert next(o.content for node in outcome.tree for o in node.observations) == "3"


async def test_a_batch_takes_any_form_and_gives_outcomes_in_order() -> None:
    made = agent(ScriptedModel(script=lambda messages: finish(messages[-1].text)))
    asked: list[Any] = ["a", [("user", "b")], {"messages": [HumanMessage("c")]}]
    assert made.batch(asked) == ["a", "b", "c"]
    assert await made.abatch(asked) == ["a", "b", "c"]


def test_an_outcome_is_its_answer_and_all_behind_it() -> None:
    outcome = agent([finish("3")]).invoke("What?")
    assert isinstance(outcome, Outcome)
    assert (str(outcome), f"{outcome}!", outcome.answer, outcome.value) == ("3", "3!", "3", "3")
    assert repr(outcome) == "Outcome('3', 'answered')"
    again = pickle.loads(pickle.dumps(outcome))
    assert (again.answer, again.ended, len(again.tree)) == ("3", "answered", len(outcome.tree))
    none = agent([call("Finish", return_type="give_up_and_restart")]).invoke("What?")
    assert (none, none.answer, none.ended) == ("", None, "exhausted")
    assert "no answer" in none.messages[-1].text


def test_an_agent_stands_between_functions_of_a_chain() -> None:
    before = RunnableLambda(lambda x: [SystemMessage("Be brief."), ("user", x)])
    chain = before | agent([finish("3")])
    assert (chain | (lambda outcome: outcome.ended)).invoke("What?") == "answered"
