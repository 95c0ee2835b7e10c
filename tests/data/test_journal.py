"""Promises 1 to 7 of a run, as far as the journal alone can keep them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgrove.data import codec
from toolgrove.data import journal as journal_module
from toolgrove.data.journal import Journal
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
    ToolSpec,
    Usage,
)
from toolgrove.data.runs import CallKey, read_run, read_tree, whole_observation
from toolgrove.data.tree import ROOT, child_id
from toolgrove.errors import JournalError, JournalLocked

SPEC = ToolSpec("c/t/n", "c", "t", "n", "says", returns={"type": "string"})


def begin(run: Path) -> Journal:
    return Journal.create(
        run,
        task=Task("1", "How far?"),
        tools=[SPEC],
        aliases={"n": "c/t/n"},
        config={"planner": "x"},
    )


def fill(journal: Journal) -> None:
    first = child_id(ROOT, 0)
    journal.node(Node(ROOT, None, messages=(Message(Role.USER, "How far?"),)))
    key = CallKey(first, "tool", "abc")
    journal.intent(key, write=True)
    journal.result(key, Observation(Status.OK, "5 km", 4))
    journal.node(
        Node(
            first,
            ROOT,
            depth=1,
            calls=(ToolCall("1", "c/t/n", {"x": [1, None, "é\u2028"]}),),
            observations=(Observation(Status.OK, "5 km", 4),),
            usage=Usage(3, 4),
            state=NodeState.ANSWERED,
            answer="5 km",
        )
    )
    journal.end("answered")


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as journal:
        fill(journal)
        written = journal.record
    record = read_run(tmp_path / "run")
    read = {key: codec.decode(Observation, kept) for key, kept in record.results.items()}
    assert read == written.results
    assert record.intents == written.intents
    assert record.nodes == written.nodes
    tree = read_tree(tmp_path / "run")
    assert tree.answer == "5 km"
    assert tree.tools == (SPEC,)
    assert tree.usage == Usage(3, 4)
    assert tree.ended == "answered"


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 10_000))
def test_promise_5_a_journal_cut_at_any_byte_opens_and_the_tail_is_reported(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = tmp_path_factory.mktemp("cut") / "run"
    with begin(run) as journal:
        fill(journal)
    path = run / journal_module.JOURNAL
    whole = path.read_bytes()
    cut = min(cut, len(whole))
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    if lines == 0:
        with pytest.raises(JournalError, match="had not begun"):
            read_run(run)
        return
    record = read_run(run)
    assert record.size + record.lost == cut
    assert record.lost == len(whole[:cut].rpartition(b"\n")[2])
    with Journal.resume(run) as journal:
        fill(journal)
    assert read_tree(run).answer == "5 km"
    assert b"\n\n" not in path.read_bytes()


def test_promise_6_the_intent_of_a_write_is_on_disk_before_the_call_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_size), real(fd))[1])
    with begin(tmp_path / "run") as journal:
        before = len(synced)
        journal.intent(CallKey("a", "tool", "x"), write=False)
        assert len(synced) == before, "a read costs no sync"
        journal.intent(CallKey("b", "tool", "x"), write=True)
        assert synced[-1] == (tmp_path / "run" / journal_module.JOURNAL).stat().st_size


def test_promise_6_the_header_is_on_disk_with_the_intent_of_the_first_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: a run that writes nothing waits for no disk."""
    synced: list[bytes] = []
    path = tmp_path / "run" / journal_module.JOURNAL
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(path.read_bytes()))
    with begin(tmp_path / "run") as journal:
        assert synced == []
        assert path.read_bytes().startswith(b'{"t":"run"')
        journal.intent(CallKey("a", "tool", "x"), write=True)
    [on_disk] = synced
    assert [codec.loads(line)["t"] for line in on_disk.splitlines()] == ["run", "intent"]


def test_a_run_in_memory_is_the_same_run_and_leaves_nothing(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as journal:
        fill(journal)
    with Journal.in_memory(
        task=Task("1", "How far?"),
        tools=[SPEC],
        aliases={"n": "c/t/n"},
        config={"planner": "x"},
    ) as passing:
        fill(passing)
        whole = "x" * 5000
        name = passing.store(whole)
        kept = Observation(Status.OK, "x", len(whole), truncated=True, stored=name)
        assert whole_observation(passing.run, kept) == whole
        assert passing.record.nodes == journal.record.nodes
        assert passing.record.results == journal.record.results
    assert not passing.run.exists()


def test_promise_7_two_processes_never_write_one_run(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as journal:
        fill(journal)
        code = (
            "import sys; from toolgrove.data.journal import Journal;"
            "from toolgrove.errors import JournalLocked\n"
            "try: Journal.resume(sys.argv[1])\n"
            "except JournalLocked as e: print('locked:', e)"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "run")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "locked:" in said.stdout
        with pytest.raises(JournalLocked, match="another process"):
            Journal.resume(tmp_path / "run")
    Journal.resume(tmp_path / "run").close()


def test_a_folder_that_holds_a_run_is_not_begun_again(tmp_path: Path) -> None:
    begin(tmp_path / "run").close()
    with pytest.raises(JournalError, match="holds a run already"):
        begin(tmp_path / "run")


def test_half_a_header_is_no_run_and_is_begun_anew(tmp_path: Path) -> None:
    begin(tmp_path / "run").close()
    path = tmp_path / "run" / journal_module.JOURNAL
    path.write_bytes(path.read_bytes()[:40])
    begin(tmp_path / "run").close()
    assert read_run(tmp_path / "run").lost == 0


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as journal:
        fill(journal)
    path = tmp_path / "run" / journal_module.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"t": "intent", \n'
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match="line 3 is damaged"):
        read_run(tmp_path / "run")


@pytest.mark.parametrize(
    "line", ["[]", "{}", '{"t": "node", "node": {"id": 3}}', '{"t": "result"}']
)
def test_a_line_that_is_no_event_is_an_error_with_its_number(line: str, tmp_path: Path) -> None:
    begin(tmp_path / "run").close()
    with (tmp_path / "run" / journal_module.JOURNAL).open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(JournalError, match="line 2 is damaged"):
        read_run(tmp_path / "run")


def test_a_folder_without_a_run_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"no journal\.jsonl here"):
        read_run(tmp_path)
    with pytest.raises(JournalError, match=r"no journal\.jsonl here"):
        Journal.resume(tmp_path / "none")


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(codec=None)))
def test_a_whole_observation_is_kept_to_the_letter(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = tmp_path_factory.mktemp("store") / "run"
    with begin(run) as journal:
        name = journal.store(text)
        assert journal.store(text) == name
    kept = Observation(Status.OK, text[:1], len(text), truncated=True, stored=name)
    assert whole_observation(run, kept) == text


def test_a_stored_name_never_leads_out_of_the_run(tmp_path: Path) -> None:
    bad = Observation(Status.OK, "", stored="../../etc/passwd")
    with pytest.raises(JournalError, match="not the name"):
        whole_observation(tmp_path, bad)


@pytest.mark.parametrize("line", ["[]", "1", '{"t": "node"}', '{"t": "run", "version": 99}'])
def test_a_first_line_that_is_no_header_is_told_so(line: str, tmp_path: Path) -> None:
    (tmp_path / journal_module.JOURNAL).write_text(line + "\n")
    with pytest.raises(JournalError, match="not the header"):
        read_run(tmp_path)


@settings(max_examples=50, deadline=None)
@given(value=st.recursive(st.none() | st.integers() | st.text(st.characters(codec=None)), st.lists))
def test_any_result_is_read_back_equal(
    value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also integers past 64 bits and lone surrogates, which models and tools do send."""
    run = tmp_path_factory.mktemp("any") / "run"
    key = CallKey("a", "model", "x")
    with begin(run) as journal:
        journal.result(key, value)
    assert read_run(run).results == {key: value}


def test_promise_29_a_bit_that_changed_is_noticed(tmp_path: Path) -> None:
    with begin(tmp_path / "r") as journal:
        journal.result(CallKey("n", "tool", "x"), {"status": "ok", "content": "21 degrees"})
        journal.end("answered")
    path = tmp_path / "r" / journal_module.JOURNAL
    good = path.read_bytes()
    before = read_run(tmp_path / "r")
    silent = []
    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 1 << (at % 8)
        path.write_bytes(bytes(changed))
        try:
            found = read_run(tmp_path / "r")
        except JournalError:
            continue
        if found.lost == 0 and (found.results, found.ended) != (before.results, before.ended):
            silent.append(at)
    assert silent == []


def test_a_journal_of_before_has_no_checksums_and_is_read(tmp_path: Path) -> None:
    with begin(tmp_path / "r") as journal:
        journal.end("answered")
    path = tmp_path / "r" / journal_module.JOURNAL
    lines = [codec.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        assert line.pop("crc")
    path.write_bytes(b"".join(codec.dumps(line) + b"\n" for line in lines[:1]))
    with Journal.resume(tmp_path / "r") as journal:
        journal.end("exhausted")
    assert read_run(tmp_path / "r").ended == "exhausted"


def test_promise_29_a_stored_observation_that_changed_is_noticed(tmp_path: Path) -> None:
    with begin(tmp_path / "r") as journal:
        name = journal.store("the whole answer")
    seen = Observation(Status.OK, "the wh", 16, stored=name)
    assert whole_observation(tmp_path / "r", seen) == "the whole answer"
    (tmp_path / "r" / journal_module.OBSERVATIONS / name).write_text("another answer")
    with pytest.raises(JournalError, match="is not what was stored"):
        whole_observation(tmp_path / "r", seen)


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be deleted there")
def test_promise_7_deleting_the_lock_file_lets_no_second_writer_in(tmp_path: Path) -> None:
    with begin(tmp_path / "r"):
        (tmp_path / "r" / "lock").unlink()
        with pytest.raises(JournalLocked, match="another process is writing"):
            Journal.resume(tmp_path / "r")
    Journal.resume(tmp_path / "r").close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with begin(tmp_path / "r") as journal, open("/dev/full", "wb", buffering=0) as full:
        own, journal._stream = journal._stream, full
        with pytest.raises(JournalError, match=r"cannot be written .* Make room on the disk"):
            journal.end("answered")
        journal._stream = own
    assert read_run(tmp_path / "r").ended is None
