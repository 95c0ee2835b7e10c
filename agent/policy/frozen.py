"""A causal language model cut in two: frozen layers below, layers with an adapter above.

What the frozen layers give for a row never changes, so it is computed once and kept on disk. All
rows begin with the same rules and examples, which are computed once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.policy.packing import Packed, common
from toolgrove.data import codec
from toolgrove.machine.files import write_beside
from toolgrove.machine.progress import Tick, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

__all__ = ["Frozen", "visible"]


class Frozen:
    """What the frozen layers give for rows.

    Parameters
    ----------
    model : PreTrainedModel
        The whole model; it is changed only while rows are computed.
    layers : int
        How many layers, from the top, are not frozen.
    folder : Path
        Where it is kept.
    base : str
        The model's digest, which the files are named by.
    """

    def __init__(self, model: Any, layers: int, folder: Path, base: str) -> None:
        self._model, self._folder = model, folder
        self._below = model.config.num_hidden_layers - layers
        self._named = [base, self._below]
        self._shared = 0

    def compute(self, rows: Sequence[Packed], tick: Tick = silent) -> None:
        """Compute what is not on disk yet; an interrupt leaves what was done."""
        from transformers import DynamicCache

        self._shared = _shared(rows)
        missing = [row for row in rows if not self._file(row).exists()]
        if not missing:
            return
        cache = DynamicCache()
        with self._cut():
            if self._shared:
                shared = self._run(missing[0], 0, self._shared, cache)
                self._keep(self._prefix_file(missing[0]), shared)
            for done, row in enumerate(missing):
                tick(done, len(missing))
                self._keep(self._file(row), self._run(row, self._shared, len(row.tokens), cache))
                cache.crop(self._shared - len(row.tokens))  # that many tokens fewer
            tick(len(missing), len(missing))

    def load(self, row: Packed) -> Tensor:
        """What the layers above are given for a row: one vector a token."""
        import torch

        parts = [_load(self._file(row))]
        if self._shared:
            parts.insert(0, _load(self._prefix_file(row)))
        return torch.cat(parts).unsqueeze(0)

    def _run(self, row: Packed, begin: int, end: int, cache: Any) -> Tensor:
        import torch

        with torch.no_grad():
            given = self._model.model(
                input_ids=torch.tensor([row.tokens[begin:end]]),
                position_ids=torch.tensor([row.positions[begin:end]]),
                attention_mask=visible(row, begin, end),
                cache=cache,
                use_cache=True,
            )
        hidden: Tensor = given.last_hidden_state[0]
        return hidden

    @contextmanager
    def _cut(self) -> Iterator[None]:
        """The model without the layers above and the norm that follows them."""
        import torch

        inner, config = self._model.model, self._model.config
        whole, norm = config.num_hidden_layers, inner.norm
        config.num_hidden_layers, inner.norm = self._below, torch.nn.Identity()
        try:
            yield
        finally:
            config.num_hidden_layers, inner.norm = whole, norm

    def _keep(self, file: Path, hidden: Tensor) -> None:
        from safetensors.torch import save

        write_beside(file, [save({"hidden": hidden.contiguous()})])

    def _file(self, row: Packed) -> Path:
        return self._named_file([row.tokens, row.segments, self._shared])

    def _prefix_file(self, row: Packed) -> Path:
        return self._named_file([row.tokens[: self._shared]])

    def _named_file(self, of: Sequence[object]) -> Path:
        return self._folder / f"{codec.digest([*self._named, *of])[:24]}.safetensors"


def visible(row: Packed, begin: int = 0, end: int | None = None) -> dict[str, Tensor]:
    """Which tokens each of a row's tokens sees: those before it, of its own side or of both."""
    import torch

    segments = torch.tensor(row.segments)
    places = torch.arange(len(segments))
    own = (segments[None, :] == 0) | (segments[None, :] == segments[:, None])
    seen = own & (places[None, :] <= places[:, None])
    return {"full_attention": seen[begin:end, :end][None, None]}


def _shared(rows: Iterable[Packed]) -> int:
    """How many tokens all rows begin with, one less than the shortest at most."""
    rows = list(rows)
    if not rows:
        return 0
    most = min(min(len(row.tokens) - 1, row.segments.count(0)) for row in rows)
    return min(most, common([row.tokens for row in rows]))


def _load(file: Path) -> Tensor:
    from safetensors.torch import load_file

    hidden: Tensor = load_file(file)["hidden"]
    return hidden
