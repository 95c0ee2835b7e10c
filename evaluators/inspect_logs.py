"""A batch's runs as logs of Inspect (``.eval``), which its own reader and viewer take.

One log a configuration, one sample a run: its accepted path, else the last that it tried, with the
calls that were made on it. The types and the writer are inspect-ai's.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.records import (
    Message,
    Node,
    Observation,
    Role,
    Score,
    Status,
    ToolCall,
)
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.store import DATABASE, INFRASTRUCTURE, PENDING, KeptResult, ResultRow
from toolgrove.evaluators.stored import read_kept
from toolgrove.machine.files import lies_in, safe_name, write_beside

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalScore
    from inspect_ai.model import ChatMessage, ModelOutput, ModelUsage

__all__ = ["inspect_logs", "write_inspect_logs"]


def write_inspect_logs(folder: str | Path, to: str | Path) -> list[Path]:
    """Write a folder of results as Inspect's logs, one a configuration.

    Parameters
    ----------
    folder : path
        A batch's.
    to : path
        The folder that the logs are put in.

    Returns
    -------
    list of Path
        The logs, each ``PLANNER-DIGEST.eval``.

    Raises
    ------
    FormatError
        Where there are no results, or they cannot be read.
    UsageError
        Where inspect-ai is not installed.
    """
    written = []
    for name, log in inspect_logs(folder):
        from inspect_ai.log import write_eval_log

        path = Path(to) / f"{name}.eval"
        with tempfile.TemporaryDirectory() as scratch:
            beside = Path(scratch) / path.name
            write_eval_log(log, str(beside), format="eval")
            write_beside(path, [beside.read_bytes()])
        written.append(path)
    return written


def inspect_logs(folder: str | Path) -> Iterator[tuple[str, EvalLog]]:
    """The logs of a folder of results, each with a name for its file."""
    _needed()
    by_config: dict[str, list[KeptResult]] = {}
    for kept in read_kept(folder):
        by_config.setdefault(kept.hash, []).append(kept)
    for digest, some in by_config.items():
        planner = str(some[0].config.get("planner") or "runs").partition(":")[0]
        yield f"{safe_name(planner)}-{digest[:12]}", _log(Path(folder), digest, some)


def _needed() -> None:
    try:
        import inspect_ai  # noqa: F401  # is it there?
    except ImportError as error:
        raise UsageError(
            "Inspect's logs need inspect-ai, which is not installed: pip install inspect-ai."
        ) from error


def _log(folder: Path, digest: str, kept: Sequence[KeptResult]) -> EvalLog:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats

    config = kept[0].config
    model = str(config.get("name") or config.get("model") or "none")
    rows = [one.row for one in kept if one.row.state != PENDING]
    samples = [_sample(folder, row, model) for row in rows]
    dates = sorted(score.date for row in rows for score in row.scores if score.date)
    begun = dates[0] if dates else _written(folder)
    ids = list(dict.fromkeys(one.row.task for one in kept))
    epochs = 1 + max(one.row.epoch for one in kept)
    usage = _summed(sample.model_usage.get(model) for sample in samples)
    spec = EvalSpec(
        eval_id=digest[:22],
        run_id=digest[:22],
        task_id=digest[:22],
        created=begun,
        task=folder.resolve().name,
        solver=str(config.get("planner") or "") or None,
        dataset=EvalDataset(name=folder.resolve().name, samples=len(ids), sample_ids=ids),
        model=model,
        config=EvalConfig(epochs=epochs),
        metadata={"toolgrove": codec.to_json(config)},
    )
    ended = sum(sample.error is None for sample in samples)
    return EvalLog(
        status="success" if len(rows) == len(kept) else "started",
        eval=spec,
        results=EvalResults(
            total_samples=len(kept), completed_samples=ended, scores=list(_figures(rows))
        ),
        stats=EvalStats(
            started_at=begun,
            completed_at=dates[-1] if dates else begun,
            model_usage={model: usage},
        ),
        samples=samples,
    )


def _written(folder: Path) -> str:
    """When the results were written last, for those that nobody scored."""
    seconds = int((folder / DATABASE).stat().st_mtime)
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _sample(folder: Path, row: ResultRow, model: str) -> EvalSample:
    from inspect_ai.log import EvalError, EvalSample

    tree = _tree(folder, row)
    figures = row.figures
    usage = _usage(figures.input_tokens, figures.output_tokens) if figures else _usage(0, 0)
    reference = tree.task.reference if tree is not None else None
    told: dict[str, Any] = {"group": row.group, "run": row.run, "state": row.state}
    if figures is not None:
        told["figures"] = codec.to_json(figures)
    return EvalSample(
        id=row.task,
        epoch=row.epoch,
        input=row.query or (tree.task.query if tree is not None else ""),
        target="" if reference is None else _text(reference.value),
        messages=[] if tree is None else list(_messages(tree)),
        output=_output(figures.answer if figures else None, model),
        scores={s.evaluator: _score(s, figures.answer if figures else None) for s in row.scores},
        metadata=told,
        model_usage={model: usage},
        total_time=figures.seconds if figures else None,
        uuid=codec.digest([row.run, row.task, row.epoch])[:22],
        error=EvalError(message=row.reason, traceback="", traceback_ansi="")
        if row.state == INFRASTRUCTURE
        else None,
    )


def _output(answer: str | None, model: str) -> ModelOutput:
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput

    said = ChatMessageAssistant(id="answer", content=answer or "", model=model, source="generate")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=said, stop_reason="stop")],
        completion=answer or "",
    )


def _tree(folder: Path, row: ResultRow) -> SearchTree | None:
    """A run's tree; None of one that has not begun, or that lies out of the folder."""
    path = folder / row.run
    return read_tree(path) if lies_in(path, folder) and (path / JOURNAL).exists() else None


def _messages(tree: SearchTree) -> Iterator[ChatMessage]:
    ends = tree.answered[:1] or tree.leaves()[-1:]
    for node in tree.path(ends[0].id) if ends else ():
        seen = {c.id: o for c, o in zip(node.calls, node.observations, strict=False)}
        for place, message in enumerate(node.messages):
            yield _message(message, f"{node.id}.{place}", node, seen)


def _message(
    message: Message, name: str, node: Node, seen: Mapping[str, Observation]
) -> ChatMessage:
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageTool,
        ChatMessageUser,
    )
    from inspect_ai.tool import ToolCallError

    text = message.content
    if message.role is Role.SYSTEM:
        return ChatMessageSystem(id=name, content=text)
    if message.role is Role.USER:
        return ChatMessageUser(id=name, content=text)
    if message.role is Role.ASSISTANT:
        calls = [_call(call) for call in message.calls] or None
        return ChatMessageAssistant(
            id=name, content=text, tool_calls=calls, model=node.model or None
        )
    found = seen.get(message.call_id or "")
    failed = found is not None and found.status not in _FINE
    kind = "timeout" if found is not None and found.status is Status.TIMEOUT else "unknown"
    return ChatMessageTool(
        id=name,
        content=text,
        tool_call_id=message.call_id,
        function=message.name,
        error=ToolCallError(kind, str(found.status)) if found is not None and failed else None,
    )


_FINE = (Status.OK, Status.FINAL_ANSWER, Status.GIVE_UP, Status.PREVIEWED)


def _call(call: ToolCall) -> Any:
    from inspect_ai.tool import ToolCall as InspectCall

    broken = None if call.malformed is None else f"no JSON object: {call.malformed}"
    return InspectCall(
        id=call.id,
        function=call.name,
        arguments=dict(call.arguments),
        parse_error=broken,
    )


def _score(score: Score, answer: str | None) -> Any:
    from inspect_ai.scorer import Score as InspectScore

    told = {k: v for k, v in codec.to_json(score).items() if k not in ("value", "reason") and v}
    return InspectScore(
        value=math.nan if score.value is None else score.value,  # Inspect's "not scored"
        answer=answer,
        explanation=score.reason or None,
        metadata=told,
    )


def _figures(rows: Sequence[ResultRow]) -> Iterator[EvalScore]:
    """Each evaluator's mean over the runs that it judged."""
    from inspect_ai.log import EvalMetric, EvalScore

    scores = [score for row in rows for score in row.scores]
    for name in dict.fromkeys(score.evaluator for score in scores):
        some = [score.value for score in scores if score.evaluator == name]
        judged = [value for value in some if value is not None]
        mean = EvalMetric(name="mean", value=sum(judged) / len(judged)) if judged else None
        yield EvalScore(
            name=name,
            scorer=name,
            scored_samples=len(judged),
            unscored_samples=len(some) - len(judged),
            metrics={"mean": mean} if mean else {},
        )


def _usage(read: int, written: int) -> ModelUsage:
    from inspect_ai.model import ModelUsage

    return ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _summed(usages: Iterable[ModelUsage | None]) -> ModelUsage:
    known = [usage for usage in usages if usage is not None]
    return _usage(sum(u.input_tokens for u in known), sum(u.output_tokens for u in known))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else codec.dumps(value).decode()
