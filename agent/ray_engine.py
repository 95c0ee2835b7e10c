"""Make the runs of a matrix on a Ray cluster.

A run is a pure function of its settings, its task and what its journal holds so far, and so are the
runs of a strategy together. That is what goes to a worker; the files come back, and one process,
this one, keeps and scores them. So nothing has to be shared between the machines but the package,
and whatever a model or a catalogue is named by. Where a worker is lost, Ray makes its runs again on
another, from the same journals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.evaluation import Evaluation, TaskTools
from toolgrove.agent.matrix import Solving
from toolgrove.agent.settings import RunSettings
from toolgrove.agent.simulated_user import SimulatedUser
from toolgrove.data import codec
from toolgrove.data.records import Task, ToolSpec
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import ReplayMiss, ResumeMismatch, ToolgroveError, UsageError
from toolgrove.evaluators.runner import Solve, Solved
from toolgrove.machine.files import write_beside
from toolgrove.machine.threads import wait

__all__ = ["RayEngine"]


@dataclass(frozen=True)
class RayEngine:
    """Makes the runs on a Ray cluster.

    Parameters
    ----------
    address : str
        Of the cluster, as ``ray.init`` takes it; where it is empty that of the environment
        (``RAY_ADDRESS``), and without one a cluster of this machine's processors.
    cpus : float
        Processors that Ray sets aside for a run; below 1 where runs mostly wait for a model.
    """

    address: str = ""
    cpus: float = 1.0

    @contextmanager
    def opened(self) -> Iterator[Solving]:
        """See :class:`toolgrove.agent.matrix.MatrixEngine`; a cluster joined before stays joined.

        Raises
        ------
        UsageError
            Where Ray is not installed, or no cluster answers at the address.
        """
        ray = _ray()
        joined = ray.is_initialized()
        if not joined:
            try:
                ray.init(self.address or None, log_to_driver=False)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise UsageError(
                    f"no Ray cluster can be used at {self.address or 'this machine'} ({error}). "
                    "Start one, and name its address: ray:address=HOST:6379."
                ) from error
        try:
            remote = ray.remote(_solved).options(num_cpus=self.cpus)
            yield lambda evaluation: _solve(remote, ray.put(_Recipe.of(evaluation)))
        finally:
            if not joined:
                ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "the engine ray needs Ray, which is not installed: pip install 'toolgrove[ray]'."
        ) from error
    return ray


@dataclass(frozen=True)
class _Recipe:
    """An agent that another process can make, and the digest of what decides its results.

    ``tools`` is which ones its tasks are offered, ``strategy`` how several runs of each are
    composed, as the evaluation says.
    """

    settings: RunSettings
    specs: tuple[ToolSpec, ...]
    digest: str
    user: SimulatedUser | None = None
    tools: TaskTools | None = None
    strategy: str = ""

    @classmethod
    def of(cls, evaluation: Evaluation) -> _Recipe:
        agent = evaluation.agent
        settings = agent.settings
        user = evaluation.user
        objects = agent.chat_models is not agent.model and not settings.strong
        if not settings.model or objects or (user and not isinstance(user.model, str)):
            raise UsageError("the engine ray makes agents anew elsewhere: give models by name.")
        specs = tuple(agent.registry)
        here = [one.id for one in specs if one.id in agent.registry.functions]
        if here:
            raise UsageError(
                f"the engine ray makes agents anew elsewhere, and the tool {here[0]} is a function "
                "of this process: give tools with an address, or a catalog."
            )
        if agent.catalog is not None:
            settings = replace(settings, catalog=str(agent.catalog.folder.absolute()))
        digest = codec.digest(evaluation.config(specs))
        if user is not None:
            user = replace(user)  # without the model that is loaded here
        specs = () if agent.catalog is not None else specs
        return cls(settings, specs, digest, user, evaluation.tools, evaluation.strategy)

    def made(self) -> Evaluation:
        """The agent in an evaluation.

        Raises
        ------
        UsageError
            Where its results would be those of other settings.
        """
        catalog = self.settings.catalog
        agent = Agent(
            model=self.settings.model,
            strong=self.settings.strong or None,
            tools=self.specs,
            catalog=Catalog.open(catalog, create=False) if catalog else None,
            settings=self.settings,
        )
        made = Evaluation(agent, strategy=self.strategy, user=self.user, tools=self.tools)
        if codec.digest(made.config(tuple(agent.registry))) != self.digest:
            raise UsageError(
                "a worker of the Ray cluster comes to other settings than this process: give all "
                "machines the same version of Toolgrove, the same models and catalogs."
            )
        return made


@dataclass(frozen=True)
class _Came:
    """What came of a task: the files, and the error that it broke down with, by kind and words.

    Of a strategy's runs ``taken`` is the folder of the one that is judged, and ``others`` are
    those that are counted besides.
    """

    files: Mapping[str, bytes]
    error: tuple[str, str] | None = None
    loud: bool = False
    taken: str | None = None
    others: tuple[SearchTree, ...] = ()


def _solve(remote: Any, recipe: Any) -> Solve:
    async def solve(task: Task, run: Path) -> SearchTree | Solved:
        came: _Came = await remote.remote(recipe, task, _files(run))
        _keep(run, came.files)
        if came.error is not None:
            kind, said = came.error
            # the same words as where the run was made; its class may be one of a package elsewhere
            raise UsageError(said) if came.loud else type(kind, (ToolgroveError,), {})(said)
        if came.taken is None:
            return read_tree(run)
        return Solved(read_tree(run / came.taken), run / came.taken, came.others)

    return solve


_MADE: dict[str, Evaluation] = {}
"""The agents of this worker: a model or a catalogue is opened once."""


def _solved(recipe: _Recipe, task: Task, files: Mapping[str, bytes]) -> _Came:
    """Make a task's run or runs, or go on with them, on a worker."""
    with TemporaryDirectory(prefix="toolgrove-") as folder:
        run = Path(folder) / "run"
        _keep(run, files)
        try:
            if recipe.digest not in _MADE:
                _MADE[recipe.digest] = recipe.made()
            made = wait(_MADE[recipe.digest].solve(task, run))
        except Exception as error:  # classes of other packages need not be known to the driver
            loud = isinstance(error, UsageError | ReplayMiss | ResumeMismatch)
            return _Came(_files(run), (type(error).__name__, str(error)), loud)
        if not isinstance(made, Solved):
            return _Came(_files(run))
        taken = made.run.relative_to(run).as_posix()
        return _Came(_files(run), taken=taken, others=tuple(made.others))


def _files(run: Path) -> dict[str, bytes]:
    """A run's files by their places in its folder, what the journal speaks of before it."""
    found = [path for path in sorted(run.rglob("*")) if path.is_file() and path.name != "lock"]
    found.sort(key=lambda path: path.name == JOURNAL)
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in found}


def _keep(run: Path, files: Mapping[str, bytes]) -> None:
    for place, content in files.items():
        write_beside(run / place, [content])
