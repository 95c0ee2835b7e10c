"""The steps of a training: imitation, preferences, or the one after the other.

All that a training knows is in one file, written beside and renamed between two steps, so that a
killed one goes on and comes to the same weights. The rows of each step follow from the seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.policy.adapted import AdaptedModel
from toolgrove.agent.policy.frozen import Frozen
from toolgrove.agent.policy.packing import Packed, batches, checks, rate
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PolicyTrainer", "Stage", "State", "StepNote"]

CHECKS = 2
"""How often in an epoch the rows kept back are looked at."""
EVERY = 180.0
"""Seconds between two writings of the state."""
_STEEPEST = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a training.

    Parameters
    ----------
    name : str
        ``sft``: each row's side is imitated. ``dpo``: the first of two is preferred (Rafailov et
        al., 2023, arXiv:2305.18290); the reference is the model as the stage found it.
    rows, kept : sequence of Packed
        Trained on, and kept back to tell which state is best.
    epochs : int
        Passes over the rows.
    rate : float
        AdamW's greatest learning rate.
    """

    name: str
    rows: Sequence[Packed]
    kept: Sequence[Packed]
    epochs: int
    rate: float


@dataclass(slots=True)
class State:
    """How far a training is; what is needed to go on."""

    plan: str
    stage: int = 0
    step: int = 0
    weights: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    best: dict[str, Any] = field(default_factory=dict)
    best_loss: float | None = None
    reference: list[list[float]] = field(default_factory=list)
    measures: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepNote:
    """How a training goes, told after each step.

    Parameters
    ----------
    stage : str
    step, steps : int
        Of this stage.
    loss, margin : float
        Means over the step's rows; the margin is between what DPO rewards the two sides with.
    kept : float or None
        The loss on the rows kept back, where they were looked at.
    left : float
        Seconds until the end, at the pace so far.
    """

    stage: str
    step: int
    steps: int
    loss: float
    margin: float
    kept: float | None
    left: float


class PolicyTrainer:
    """Trains a policy in stages.

    Parameters
    ----------
    policy : AdaptedModel
    frozen : Frozen
        Holds what the layers below gave for all rows.
    stages : sequence of Stage
    batch : int
        Rows a step.
    beta : float
        DPO's: how dear it is to leave the reference.
    seed : int
    file : Path
        Holds the state.
    plan : str
        Names the data and settings: another plan's state is refused.
    tell : callable
        Hears of each step.
    every : float
        Seconds between two writings of the state.
    """

    def __init__(
        self,
        policy: AdaptedModel,
        frozen: Frozen,
        stages: Sequence[Stage],
        *,
        batch: int,
        beta: float,
        seed: int,
        file: Path,
        plan: str,
        tell: Callable[[StepNote], None] = lambda note: None,
        every: float = EVERY,
    ) -> None:
        self._policy, self._frozen, self._stages = policy, frozen, stages
        self._batch, self._beta, self._seed = batch, beta, seed
        self._file, self._tell, self._every = file, tell, every
        self._written = time.monotonic()
        self._pace = _Pace()
        self.state = _read(file, plan) or State(plan, weights=policy.weights())
        policy.restore(self.state.weights)

    def run(self) -> Mapping[str, Tensor]:
        """Train what is left; the weights that were best on the rows kept back."""
        while self.state.stage < len(self._stages):
            self._train(self._stages[self.state.stage])
        return self.state.weights

    def _train(self, stage: Stage) -> None:
        import torch

        state = self.state
        plan = batches(len(stage.rows), self._batch, stage.epochs, self._seed)
        looks = checks(len(plan), CHECKS * stage.epochs)
        if stage.name == "dpo":
            self._refer(stage)
        optimizer = torch.optim.AdamW(self._policy.parameters(), weight_decay=0.0)
        if state.optimizer:
            optimizer.load_state_dict(state.optimizer)
        elif stage.kept:
            self._look(stage, first=True)
        for step in range(state.step, len(plan)):
            begun = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = rate(step, len(plan), stage.rate)
            loss, margin = self._step(stage, plan[step], optimizer)
            state.step = step + 1
            kept = self._look(stage) if stage.kept and state.step in looks else None
            self._measure(stage, loss, margin, time.monotonic() - begun)
            self._pace.add(len(plan[step]), time.monotonic() - begun)
            left = self._pace.of(self._rows_left(plan))
            self._tell(StepNote(stage.name, state.step, len(plan), loss, margin, kept, left))
            self._write(optimizer)
        if stage.kept:
            self._policy.restore(state.best)
        state.stage, state.step, state.optimizer = state.stage + 1, 0, {}
        state.best, state.best_loss, state.reference = {}, None, []
        self._write(now=True)

    def _step(self, stage: Stage, rows: Sequence[int], optimizer: Any) -> tuple[float, float]:
        """One step of the optimizer: the rows' gradients are added up, one row in memory."""
        import torch

        optimizer.zero_grad()
        losses, margins = [], []
        for number in rows:
            loss, margin = self._loss(stage, stage.rows[number], number)
            (loss / len(rows)).backward()
            losses.append(loss.item())
            margins.append(margin)
        torch.nn.utils.clip_grad_norm_(self._policy.parameters(), _STEEPEST)
        optimizer.step()
        return sum(losses) / len(rows), sum(margins) / len(rows)

    def _loss(self, stage: Stage, row: Packed, number: int) -> tuple[Tensor, float]:
        from torch.nn.functional import logsigmoid

        said = self._policy.logprobs(self._frozen.load(row), row)
        if stage.name == "sft":
            return -said[0].mean(), 0.0
        before = self.state.reference[number]
        gains = [side.sum() - was for side, was in zip(said, before, strict=True)]
        margin = self._beta * (gains[0] - gains[1])
        return -logsigmoid(margin), margin.item()

    def _look(self, stage: Stage, *, first: bool = False) -> float:
        """The loss on the rows kept back; the weights are kept where it is the least so far."""
        import torch

        with torch.no_grad():
            found = [
                self._loss(stage, row, len(stage.rows) + number)
                for number, row in enumerate(stage.kept)
            ]
        loss: float = sum(one.item() for one, _ in found) / len(found)
        state = self.state
        own = state.measures.setdefault(stage.name, {})
        if first:
            own["kept_first"] = loss
        if state.best_loss is None or loss < state.best_loss:
            state.best_loss, state.best = loss, self._policy.weights()
            own["kept_best"], own["best_step"] = loss, state.step
            if stage.name == "dpo":
                own["kept_margin"] = sum(margin for _, margin in found) / len(found)
                own["kept_right"] = sum(margin > 0 for _, margin in found) / len(found)
        return loss

    def _refer(self, stage: Stage) -> None:
        """What the model says of each side as the stage finds it, once."""
        import torch

        rows = [*stage.rows, *stage.kept]
        for row in rows[len(self.state.reference) :]:
            with torch.no_grad():
                said = self._policy.logprobs(self._frozen.load(row), row)
            self.state.reference.append([side.sum().item() for side in said])
            self._write()

    def _measure(self, stage: Stage, loss: float, margin: float, seconds: float) -> None:
        own = self.state.measures.setdefault(stage.name, {})
        own.setdefault("first_loss", loss)
        own |= {"last_loss": loss, "rows": len(stage.rows), "kept": len(stage.kept)}
        own |= {"steps": self.state.step, "seconds": own.get("seconds", 0.0) + seconds}
        if stage.name == "dpo":
            own["last_margin"] = margin

    def _rows_left(self, plan: Sequence[Sequence[int]]) -> int:
        later = self._stages[self.state.stage + 1 :]
        now = sum(map(len, plan[self.state.step :]))
        return now + sum(len(stage.rows) * stage.epochs for stage in later)

    def _write(self, optimizer: Any = None, *, now: bool = False) -> None:
        """Keep the state, if it is time."""
        if not now and time.monotonic() - self._written < self._every:
            return
        import torch

        self.state.weights = self._policy.weights()
        self.state.optimizer = optimizer.state_dict() if optimizer else {}
        beside = self._file.with_name(f".{self._file.name}.tmp")
        beside.parent.mkdir(parents=True, exist_ok=True)
        torch.save(asdict(self.state), beside)
        beside.replace(self._file)
        self._written = time.monotonic()


class _Pace:
    """Seconds a row, in this process."""

    def __init__(self) -> None:
        self._rows, self._seconds = 0, 0.0

    def add(self, rows: int, seconds: float) -> None:
        self._rows, self._seconds = self._rows + rows, self._seconds + seconds

    def of(self, rows: int) -> float:
        return rows * self._seconds / self._rows


def _read(file: Path, plan: str) -> State | None:
    """The state that a training of this plan left.

    Raises
    ------
    UsageError
        Where it is another plan's.
    """
    import torch

    if not file.exists():
        return None
    state = State(**torch.load(file, weights_only=True))
    if state.plan != plan:
        raise UsageError(
            f"{file.parent} holds a training of other rows or settings. Name another --out, or "
            "delete it."
        )
    return state
