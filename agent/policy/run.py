"""A training from files of rows to a folder that ``--model local:DIR`` takes."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toolgrove.agent.models.local_adapter import ADAPTER, MANIFEST, Adapter, file_digest
from toolgrove.agent.models.local_adapter import read_adapter as read
from toolgrove.agent.models.local_engine import default_file
from toolgrove.agent.policy import adapted as upper
from toolgrove.agent.policy.frozen import Frozen
from toolgrove.agent.policy.packing import Packed, kept_back, packed
from toolgrove.agent.policy.rows import Row, fit_rows, learnable, pieces
from toolgrove.agent.policy.training import PolicyTrainer, Stage, StepNote
from toolgrove.data import codec
from toolgrove.data.exports.rows import RowKind
from toolgrove.errors import UsageError
from toolgrove.machine.progress import Tick, silent
from toolgrove.machine.weights import QWEN_CODER_1_5B

__all__ = ["METHODS", "PolicySettings", "train_policy"]

METHODS: Mapping[str, tuple[str, ...]] = {
    "sft": ("sft",),
    "dpo": ("dpo",),
    "sft-dpo": ("sft", "dpo"),
}
"""The stages of each method."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How a policy is trained.

    Parameters
    ----------
    method : str
        One of :data:`METHODS`.
    layers : int
        How many, from the top; the others stay as they are.
    epochs : int
        Passes over the rows, in each stage.
    examples : bool
        Whether the prompt shows its examples: when trained and, from then on, when asked.
    seed : int
        Of every random choice.
    rank, alpha : int
        Of the adapter.
    batch : int
        Rows a step.
    sft_rate, dpo_rate : float
        Greatest learning rates.
    beta : float
        DPO's.
    kept : float
        Share of the tasks that are kept back to tell which state is best.
    longest : int
        Tokens of a row, its sides together; longer ones are left out.
    """

    method: str = "sft-dpo"
    layers: int = 8
    epochs: int = 2
    examples: bool = True
    seed: int = 0
    rank: int = 8
    alpha: int = 16
    batch: int = 8
    sft_rate: float = 2e-4
    dpo_rate: float = 2e-4
    beta: float = 0.1
    kept: float = 0.1
    longest: int = 2048


@dataclass(frozen=True, slots=True)
class _Data:
    """The rows of each stage, and what names them."""

    rows: Mapping[str, Sequence[Row]]
    digest: str
    left_out: Mapping[str, Counter[str]]


def train_policy(
    out: Path,
    settings: PolicySettings,
    *,
    pairs: Path | None = None,
    sft: Path | None = None,
    model: Path | None = None,
    frozen: Path | None = None,
    tell: Callable[[StepNote], None] = lambda note: None,
    tick: Tick = silent,
) -> Adapter:
    """Train an adapter of the local model; the same call goes on with one that was killed.

    Parameters
    ----------
    out : Path
        The folder to write. Until the end its folder ``work`` holds the state.
    settings : PolicySettings
    pairs : Path or None
        Preference pairs, as ``toolgrove mine`` writes them.
    sft : Path or None
        Conversations to imitate; the pairs' chosen sides where there is none.
    model : Path or None
        The model's GGUF file; None is the default model.
    frozen : Path or None
        Where the frozen layers' activations are kept, for several trainings on the same rows.
        Otherwise they are deleted at the end.
    tell, tick : callable
        Hear of the steps, and of the rows that the frozen layers have done.

    Raises
    ------
    UsageError
        A package or rows are missing, or the folder holds another training.
    FormatError
        A line is no row.
    ModelError
        The model cannot be loaded or is not of a kind that can be trained here.
    """
    data = _read(pairs, sft, settings.method)
    upper.need_packages()
    file = model or default_file()
    sha256 = file_digest(model) if model else QWEN_CODER_1_5B.sha256
    plan = codec.digest([sha256, data.digest, asdict(settings)])
    if (out / MANIFEST).exists():
        return _same(out, plan)
    begun = time.monotonic()
    frozen = frozen or out / "work" / "frozen"
    dtype = upper.precision()
    causal, tokenizer = upper.load_base(file, frozen / f"base-{sha256[:12]}-{dtype}", dtype)
    stages = _stages(data, settings, tokenizer)
    below = Frozen(causal, settings.layers, frozen, f"{sha256} {dtype}")
    below.compute([row for stage in stages for row in (*stage.rows, *stage.kept)], tick)
    policy = upper.AdaptedModel(
        causal, settings.layers, settings.rank, settings.alpha, settings.seed
    )
    trainer = PolicyTrainer(
        policy, below, stages, batch=settings.batch, beta=settings.beta, seed=settings.seed,
        file=out / "work" / "state.pt", plan=plan, tell=tell,
    )  # fmt: skip
    policy.export(out / ADAPTER, trainer.run())
    from toolgrove import __version__

    adapter = Adapter(
        base=file.stem,
        base_sha256=sha256,
        base_file=str(model.absolute()) if model else "",
        sha256=file_digest(out / ADAPTER),
        examples=settings.examples,
        data={
            "digest": data.digest,
            "rows": {name: len(rows) for name, rows in data.rows.items()},
            "left_out": {name: dict(reasons) for name, reasons in data.left_out.items()},
            "plan": plan,
        },
        settings=asdict(settings),
        measures={
            **trainer.state.measures,
            "precision": dtype,
            "seconds": round(time.monotonic() - begun, 1),
        },
        toolgrove=__version__,
    )
    adapter.write(out)
    shutil.rmtree(out / "work", ignore_errors=True)
    return adapter


def _same(out: Path, plan: str) -> Adapter:
    found = read(out)
    if found.data.get("plan") != plan:
        raise UsageError(f"{out} holds an adapter of other rows or settings. Name another --out.")
    return found


def _read(pairs: Path | None, sft: Path | None, method: str) -> _Data:
    rows: dict[str, list[Row]] = {}
    left_out: dict[str, Counter[str]] = {}
    digests = {}
    for name, file in _sources(pairs, sft, method).items():
        rows[name], left_out[name] = fit_rows(learnable(file, RowKind(name)))
        digests[name] = file_digest(file)
        _some(rows[name], name, left_out)
    return _Data(rows, codec.digest(digests), left_out)


def _sources(pairs: Path | None, sft: Path | None, method: str) -> dict[str, Path]:
    """The file of each stage."""
    found = {}
    for name in METHODS[method]:
        file = pairs if name == "dpo" else sft or pairs
        if file is None:
            wanted = "--pairs" if name == "dpo" else "--sft or --pairs"
            raise UsageError(f"--method {method} needs {wanted}.")
        found[name] = file
    return found


def _some(rows: Sequence[object], name: str, left_out: Mapping[str, Counter[str]]) -> None:
    if not rows:
        why = "; ".join(f"{count} {reason}" for reason, count in left_out[name].items())
        raise UsageError(f"no row can be learnt by {name}" + (f": {why}." if why else "."))


def _stages(data: _Data, settings: PolicySettings, tokenizer: Any) -> list[Stage]:
    """The rows of each stage as tokens, those of some tasks kept back from all stages."""
    tasks = [row.task for rows in data.rows.values() for row in rows]
    kept = kept_back(tasks, settings.kept, settings.seed)
    stages = []
    for name, rows in data.rows.items():
        own: tuple[list[Packed], list[Packed]] = ([], [])
        for row in rows:
            done = _packed(row, settings, tokenizer, data.left_out[name])
            if done is not None:
                own[row.task in kept].append(done)
        _some(own[0], name, data.left_out)
        rate = settings.sft_rate if name == "sft" else settings.dpo_rate
        stages.append(Stage(name, *own, settings.epochs, rate))
    return stages


def _packed(
    row: Row, settings: PolicySettings, tokenizer: Any, left_out: Counter[str]
) -> Packed | None:
    def template(turns: Sequence[Mapping[str, str]], speak: bool) -> str:
        text: str = tokenizer.apply_chat_template(
            [*turns], tokenize=False, add_generation_prompt=speak
        )
        return text

    def tokenize(text: str) -> list[int]:
        tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    try:
        sides = [pieces(row, n, template, settings.examples) for n in range(len(row.sides))]
    except ValueError as error:
        left_out[str(error)] += 1
        return None
    done = packed(sides, tokenize)
    if len(done.tokens) > settings.longest:
        left_out[f"longer than {settings.longest:,} tokens"] += 1
        return None
    return done
