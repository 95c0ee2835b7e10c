"""The viewer's page: what it shows, and that a trace's text stays text (promise 25)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.judged_batch import RIGHT, WRONG, evaluate, row_of
from support.sample_run import HOSTILE, path_tree, sample_tree, step, write_run
from toolgrove.agent.view import data as view_data
from toolgrove.agent.view.data import ShownRun, read_view
from toolgrove.agent.view.page import page, render, svg
from toolgrove.data.drawing.markup import inert_json, tag
from toolgrove.data.drawing.words import shorten
from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.preferences import mine
from toolgrove.data.records import (
    Node,
    NodeState,
    Observation,
    Score,
    Status,
    Task,
    ToolCall,
)
from toolgrove.data.tree import ROOT, Ending, SearchTree, child_id
from toolgrove.errors import FormatError, JournalError
from toolgrove.evaluators.judgements import judgement

SVG = "{http://www.w3.org/2000/svg}"
words = st.one_of(
    st.text(), st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE)).map("".join)
)


class Parsed(HTMLParser):
    """A page's elements with their attributes, and all text that is not in a script or style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = [("", ())]
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", ()))

    def handle_data(self, data: str) -> None:
        if self.elements[-1][0] not in ("script", "style"):
            self.text += data


def shown(tree: SearchTree) -> str:
    return page([ShownRun("run", tree)])


def nodes_of(html: str) -> list[dict[str, Any]]:
    """What the page's script is given of the first run's nodes."""
    return block(html)["nodes"]


def block(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" class="nodes">(.*?)</script>', html, re.S)
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


PLAIN = Parsed(shown(sample_tree())).elements


@settings(max_examples=60, deadline=None)
@given(words)
def test_promise_25_no_text_of_a_trace_makes_an_element_or_an_attribute(word: str) -> None:
    assert Parsed(shown(sample_tree(word))).elements == PLAIN


@pytest.mark.parametrize("word", HOSTILE)
def test_promise_25_holds_through_the_journal(word: str, tmp_path: Path) -> None:
    html = render([write_run(tmp_path / "run", word, whole=f"whole {word}")])
    assert html.encode()  # a lone surrogate would not pass
    with_whole = Parsed(render([write_run(tmp_path / "plain", whole="whole")])).elements
    assert Parsed(html).elements == with_whole


@given(words)
def test_promise_25_the_json_of_a_page_is_inert_and_complete(word: str) -> None:
    said = inert_json({word: [word]})
    assert not re.search("[<>&\u2028\u2029\ud800-\udfff]", said)
    assert json.loads(said) == {word: [word]}


@settings(max_examples=60, deadline=None)
@given(words)
def test_promise_25_a_picture_is_well_formed_whatever_it_says(word: str) -> None:
    def shape(text: str) -> list[tuple[str, list[str]]]:
        return [(e.tag, sorted(e.attrib)) for e in ElementTree.fromstring(text).iter()]

    drawn = shape(svg(sample_tree(word)))
    assert drawn == shape(svg(sample_tree()))
    assert {name for name, _ in drawn} == {
        SVG + name for name in ("svg", "title", "style", "rect", "path", "g", "circle", "text")
    }
    assert not [name for _, names in drawn for name in names if name.startswith("on")]


def test_promise_25_the_policy_lets_nothing_in_but_the_pages_own_script_and_style(
    tmp_path: Path,
) -> None:
    html = render([write_run(tmp_path / "run")])
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert found
    policy = dict(part.strip().split(" ", 1) for part in found[1].replace("&#x27;", "'").split(";"))
    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    styles = re.findall(r"<style>(.*?)</style>", html, re.S)
    assert (len(scripts), len(styles)) == (1, 1)

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == digest(scripts[0])
    assert policy["style-src"] == digest(styles[0])
    assert policy["connect-src"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == policy["trusted-types"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"


def test_a_page_loads_nothing(tmp_path: Path) -> None:
    html = render([write_run(tmp_path / "a"), write_run(tmp_path / "b")])
    elements = Parsed(html).elements
    links = [value for _, attrs in elements for name, value in attrs if name in ("src", "href")]
    assert links == ["#run-1", "#run-2"]
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {e for e, _ in elements}
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style
    assert not re.search(r"url\(|@import", style[1])


def test_a_tag_escapes_text_and_attributes_alike() -> None:
    assert str(tag("p", "<b>", title='"<')) == '<p title="&quot;&lt;">&lt;b&gt;</p>'


def test_each_step_is_told_whole(tmp_path: Path) -> None:
    nodes = nodes_of(render([write_run(tmp_path / "run", " w")]))
    assert [node["kind"] for node in nodes] == [
        "task", "step", "error", "gave_up", "gave_up", "step", "pruned", "error", "answered",
    ]  # fmt: skip
    assert [node["up"] for node in nodes] == [-1, 0, 1, 2, 2, 1, 5, 5, 7]
    first = nodes[1]
    assert first["facts"][:2] == [["tokens", "1,200 in, 34 out"], ["model time", "2.5 s"]]
    assert first["says"] == [["assistant", "First x w"]]
    (call,) = first["calls"]
    assert call["name"] == "Cat w/tool/look"
    assert json.loads(call["arguments"]) == {"key w": "x w"}
    assert (call["status"], call["content"]) == ("ok", "ok x w")
    assert call["about"] == "6 characters · 250 ms"
    assert nodes[4]["prompt"] == [["user", "Try another way than x w."]]
    assert "prompt" not in nodes[1]
    assert nodes[6]["reason"] == "repeats x w"
    assert "answered without a call" in nodes[6]["calls"][0]["about"]
    assert nodes[7]["calls"][0]["malformed"] is True
    assert nodes[7]["calls"][0]["arguments"] == '{"key": x w'
    assert "3 attempts" in nodes[7]["calls"][0]["about"]


def test_a_tool_message_that_says_something_else_than_its_observation_is_shown() -> None:
    tree = sample_tree()
    node = next(iter(tree.children(ROOT)))
    told = replace(node.messages[1], content="You made this very call before")
    tree.replace(replace(node, messages=(node.messages[0], told)))
    assert ["tool", "You made this very call before"] in nodes_of(shown(tree))[1]["says"]


def test_the_header_says_task_planner_model_totals_budget_and_end(tmp_path: Path) -> None:
    text = Parsed(render([write_run(tmp_path / "run")])).text
    for said in (
        "What is x?", "dfsdt", "small", "an answer was found", "8 of 20", "It is x",
        "3,702 of 90,000 (3,600 in, 102 out)", "8.2 s of 60.5 (7.5 s in the model)", "Looks up x",
    ):  # fmt: skip
        assert said in text


def test_a_run_that_has_not_ended_says_so(tmp_path: Path) -> None:
    text = Parsed(render([write_run(tmp_path / "run", end=False)])).text
    assert "it has not ended" in text


def test_a_run_without_a_step_is_shown(tmp_path: Path) -> None:
    empty = SearchTree(Task("1", "What?"), ending=Ending())
    assert nodes_of(shown(empty)) == []
    assert ElementTree.fromstring(svg(empty)).tag == f"{SVG}svg"


def test_several_runs_have_an_index_with_a_row_each(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, f" {name}") for name in ("a", "b", "c")]
    html = render(runs)
    nav = Parsed(html[html.index("<nav") : html.index("</nav>")])
    assert [e for e, _ in nav.elements].count("tr") == 1 + len(runs)
    for said in ("What is x b?", "dfsdt b", "answered", "8", "3,702", "8.2 s"):
        assert said in nav.text
    assert html.count('<section class="run"') == len(runs)
    assert "<nav" not in render(runs[:1])


def test_whole_observations_come_along_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_data, "WHOLE_LIMIT", 10)
    run = write_run(tmp_path / "run", whole="0123456789abcdef")
    ((name, whole),) = block(render([run]))["wholes"].items()
    assert whole["text"] == "0123456789"
    assert whole["note"] == f"the first 10 of 16 characters, from observations/{name}"
    assert nodes_of(render([run]))[5]["calls"][0]["stored"] == name
    monkeypatch.setattr(view_data, "WHOLES_LIMIT", 0)
    assert block(render([run]))["wholes"][name]["text"] == ""


@pytest.mark.parametrize("name", ["../journal.jsonl", "/etc/hostname", "..", "gone.txt", "a\0b"])
def test_a_trace_cannot_name_a_file_outside_its_observations(tmp_path: Path, name: str) -> None:
    run = write_run(tmp_path / "run")
    html = page([ShownRun("run", sample_tree(stored=name), run)])
    whole = block(html)["wholes"][name]
    assert "text" not in whole
    assert whole["note"].startswith("cannot be read")


@pytest.mark.parametrize("kind", ["file", "folder", "hard", "pipe"])
def test_promise_25_a_run_that_somebody_sent_shows_no_other_file(tmp_path: Path, kind: str) -> None:
    run = write_run(tmp_path / "run", whole="what a tool answered")
    (stored,) = (run / "observations").iterdir()
    secret = tmp_path / "elsewhere" / stored.name
    secret.parent.mkdir()
    secret.write_text("my private key")
    stored.unlink()
    match kind:
        case "file":
            stored.symlink_to(secret)
        case "folder":
            stored.parent.rmdir()
            stored.parent.symlink_to(secret.parent)
        case "hard":  # an archive can make it
            stored.hardlink_to(secret)
        case _:  # which would be waited for
            os.mkfifo(stored)
    html = render([run])
    assert "my private key" not in html
    assert block(html)["wholes"][stored.name]["note"].startswith("cannot be read")


def test_chosen_and_rejected_stand_side_by_side(tmp_path: Path) -> None:
    tree = sample_tree()
    html = shown(tree)
    pairs = Parsed(html[html.index('class="pairs"') :])
    sides = [dict(a)["class"] for e, a in pairs.elements if e == "div" and dict(a).get("class")]
    count = len(mine(tree).pairs)
    assert count
    assert sides == ["pair", "side chosen", "side rejected"] * count
    assert f"{count} by the step-wise rule" in pairs.text


async def test_the_pairs_of_a_batchs_run_are_those_that_its_scores_allow(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    right, wrong = (tmp_path / "R" / row_of(tmp_path / "R", task).run for task in ("t0", "t1"))
    assert "the answer was judged by answer/2" in Parsed(render([right])).text
    html = render([wrong, right])
    assert "None: the answer was judged wrong." in Parsed(html).text
    assert html.count('class="side chosen"') == 1
    (tmp_path / "R" / "results.sqlite").write_bytes(b"damaged" * 99)
    assert "None: not judged: " in Parsed(render([right])).text


def test_a_tree_without_pairs_says_why() -> None:
    assert "None: no success." in Parsed(shown(path_tree(4))).text


@pytest.mark.parametrize("fork", [0, 5])
def test_five_thousand_nodes_on_one_path_are_rendered(fork: int) -> None:
    tree = path_tree(5_000, fork)
    html = shown(tree)
    assert len(nodes_of(html)) == len(tree)
    assert len(html) < 600 * len(tree)
    assert ElementTree.fromstring(svg(tree)) is not None


async def test_a_wrong_answer_is_told_and_not_green(tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    right, wrong = (tmp_path / "R" / row_of(tmp_path / "R", task).run for task in ("t0", "t1"))
    for run, kind, word in ((right, "right", "Judged right"), (wrong, "wrong", "Judged wrong")):
        html = render([run])
        assert f'class="verdict {kind}"' in html
        assert f"{word} by answer/2: " in Parsed(html).text
        assert [n["kind"] for n in nodes_of(html) if n["did"] == "Answer"] == [kind]
        assert f'class="edge won {kind}"' in html
    unjudged = shown(sample_tree())
    assert 'class="verdict answered"' in unjudged
    assert "Nobody judged this answer." in Parsed(unjudged).text


def test_to_give_up_where_no_tool_can_tell_is_right() -> None:
    tree = failing(2)
    judged = judgement(tree, None, [Score(1.0, "gave up, as it had to", "answer/2")])
    html = page([ShownRun("run", tree, judgement=judged)])
    assert 'class="verdict right"' in html
    assert "Judged right by answer/2: gave up, as it had to" in Parsed(html).text


def failing(calls: int) -> SearchTree:
    """Calls that all fail, and whose branches were left for it, two to a step."""
    tree = SearchTree(Task("1", "How far?"), ending=Ending("exhausted"))
    tree.add(Node(ROOT, None))
    for n in range(calls // 2):
        made = [ToolCall(f"c{k}", "look", {"to": f"place {n}{k}"}) for k in range(2)]
        seen = Observation(Status.TIMEOUT, "no reply in 30 s", 16, seconds=1.5)
        left = {"state": NodeState.PRUNED, "reason": "every call failed"}
        tree.add(step(ROOT, n, [(call, seen) for call in made], **left))
    return tree


def test_calls_that_failed_are_counted_and_not_called_pruned() -> None:
    html = shown(failing(8))
    text = Parsed(html).text
    assert "failed 8 of 8 calls" in text
    assert "No answer: every path was tried; failed 8 of 8 calls." in text
    legend = Parsed(html[html.index('<ul class="legend"') : html.index("</ul>")]).text
    assert "pruned" not in legend
    assert {n["kind"] for n in nodes_of(html)[1:]} == {"error"}
    assert {n["mark"] for n in nodes_of(html)[1:]} == {"2 of 2 calls failed"}
    drawn = [e.text or "" for e in ElementTree.fromstring(svg(failing(8))).iter(f"{SVG}text")]
    assert sum(said.startswith("2 of 2 timeout: no reply") for said in drawn) == 4


def test_a_page_opens_on_the_answer_or_on_the_first_failure() -> None:
    assert block(shown(sample_tree()))["open"] == 8
    assert block(shown(failing(4)))["open"] == 1
    assert block(shown(path_tree(20, fork=7)))["open"] == 7
    assert block(shown(path_tree(5)))["open"] == 4


def test_boxes_say_number_time_values_and_what_came_of_it() -> None:
    call = ToolCall("c", "Travel/air/distance", {"from": "OSL", "to": "LHR", "via": None})
    told = '{"error": "", "response": {"km": 1186.2}}'
    seen = Observation(Status.OK, told, len(told), seconds=0.25)
    tree = SearchTree(Task("1", "How far?"))
    tree.add(Node(ROOT, None))
    tree.add(step(ROOT, 0, [(call, seen)], seconds=2.0))
    drawn = ElementTree.fromstring(svg(tree))
    said = {e.get("class"): e.text for e in drawn.iter(f"{SVG}text")}
    assert said == {
        "nth": "1", "did": "distance", "took": "2.2 s", "with": "OSL · LHR", "gave": "km 1186.2"
    }  # fmt: skip


def test_steps_are_numbered_in_the_order_of_their_visits() -> None:
    tree = path_tree(3)
    late = replace(next(iter(tree.children(ROOT))), id=child_id(ROOT, 0), index=0)
    tree.add(late)
    assert [node.get("place") for node in nodes_of(shown(tree))] == [0, 1, 1, 0]
    assert nodes_of(shown(tree))[3]["up"] == 0


def test_a_large_tree_has_no_picture_and_says_so() -> None:
    small, large = shown(path_tree(50)), shown(path_tree(1_000))
    assert 'class="map"' in small
    assert 'class="map"' not in large
    assert "too large for a picture" in large


def test_arguments_nested_deep_are_shown() -> None:
    deep: Any = 1
    for _ in range(2_000):
        deep = [deep]
    tree = SearchTree(Task("1", "Deep?"))
    tree.add(Node(ROOT, None))
    tree.add(Node(child_id(ROOT, 0), ROOT, calls=(ToolCall("c", "dig", {"x": deep}),)))
    # how deep Python can indent differs between its versions
    arguments = nodes_of(shown(tree))[1]["calls"][0]["arguments"]
    assert "".join(arguments.split()).startswith('{"x":[[[')


def test_a_picture_draws_each_node_once_and_marks_the_answers_path() -> None:
    tree = sample_tree()
    drawn = ElementTree.fromstring(svg(tree))
    boxes = [g.get("class") for g in drawn.iter(f"{SVG}g")]
    assert sorted(boxes) == sorted(  # type: ignore[type-var]  # every g has a class
        ["task", "step", "step", "error", "error", "gave_up", "gave_up", "pruned", "answered"]
    )
    edges = [p.get("class") for p in drawn.iter(f"{SVG}path") if "edge" in str(p.get("class"))]
    assert len(edges) == len(tree) - 1
    assert edges.count("edge won answered") == len(tree.path(tree.answered[0].id)) - 1
    places = [(r.get("x"), r.get("y")) for r in drawn.iter(f"{SVG}rect") if r.get("x")]
    assert len(set(places)) == len(tree)


@given(st.text(), st.floats(1, 50))
def test_a_label_is_cut_to_its_width(text: str, width: float) -> None:
    short = shorten(text, width)
    assert short == text or short.endswith("…")
    assert text.startswith(short.removesuffix("…"))
    assert len(short) <= len(text)


def test_a_folder_without_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"no journal\.jsonl here"):
        render([tmp_path])


def test_a_damaged_journal_is_one_error(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    journal = run / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"index":1', '"index":"one"'))
    with pytest.raises(JournalError, match="is damaged"):
        render([run])


def test_a_file_that_is_no_answer_tree_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tree.json"
    file.write_text("{}")
    with pytest.raises(FormatError, match=r"tree\.json"):
        render([file])


def test_the_snippet_of_the_viewers_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = Path(__file__).parents[3] / "docs" / "viewer.md"
    (snippet,) = re.findall(r"```python\n(.*?)```", docs.read_text(encoding="utf-8"), re.S)
    write_run(tmp_path / "runs" / "1b9d1a6f0c2e-1")
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "docs/viewer.md", "exec"), {})
    assert (tmp_path / "tree.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_every_real_answer_tree_is_shown_whole(shared_data: Path) -> None:
    files = sorted((shared_data / "toolbench" / "trees").glob("*.json"))
    assert files
    for file in files:
        tree = load_answer_tree(file)
        html = page([read_view(file)])
        nodes = nodes_of(html)
        assert len(nodes) == len(tree)
        contents = sorted(c["content"] for n in nodes for c in n.get("calls", []))
        assert contents == sorted(o.content for n in tree for o in n.observations)
        assert ElementTree.fromstring(svg(tree)) is not None
