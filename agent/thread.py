"""A conversation with an agent, kept on disk: each turn is a run with a journal of its own.

::

    RUNS/thread-NAME/turn-1/    the run of the first request
    RUNS/thread-NAME/turn-2/    that of the next, whose task holds what was said before it
    RUNS/thread-NAME/lock       held while a process answers

There is nothing besides, so nothing can disagree with the runs after a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.inputs import RunInputs, as_task, said_after
from toolgrove.agent.outcome import Outcome
from toolgrove.agent.running import answered
from toolgrove.data.runs import JOURNAL, has_begun, read_run, read_tree
from toolgrove.errors import JournalLocked, UsageError
from toolgrove.machine.files import safe_name
from toolgrove.machine.threads import wait

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from toolgrove.agent.agent import Agent
    from toolgrove.agent.inputs import Request

__all__ = ["Thread"]


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with an agent (:meth:`toolgrove.agent.agent.Agent.thread`).

    Parameters
    ----------
    agent : Agent
        Who answers; another process may go on with another agent.
    folder : Path
        Where the turns are kept.
    """

    agent: Agent
    folder: Path

    @classmethod
    def of(cls, agent: Agent, name: str) -> Thread:
        """The thread of a name, under the agent's ``runs``; it begins with its first request.

        Raises
        ------
        UsageError
            Where the agent keeps no runs.
        """
        if agent.runs is None:
            raise UsageError("a thread is kept on disk: say where, as in Agent(…, runs='runs').")
        return cls(agent, agent.runs / f"thread-{safe_name(name)}")

    @property
    def turns(self) -> list[Path]:
        """The runs of its turns, in order."""
        found = [self._turn(1)]
        while (found[-1] / JOURNAL).is_file():
            found.append(self._turn(len(found) + 1))
        return [turn for turn in found[:-1] if has_begun(turn)]

    @property
    def messages(self) -> list[BaseMessage]:
        """All that was said; of a turn that was cut short, what was asked."""
        turns = self.turns
        return Outcome.of(read_tree(turns[-1]), turns[-1]).messages if turns else []

    def invoke(self, input: Request, config: Any = None, **kwargs: Any) -> Outcome:
        """Say something and get the answer; see :meth:`ainvoke`."""
        return wait(self.ainvoke(input, config, **kwargs))

    async def ainvoke(
        self,
        input: Request,
        config: Any = None,
        *,
        context: Any = None,
        secrets: Mapping[str, str | tuple[str, str]] | None = None,
    ) -> Outcome:
        """Say something and get the answer, in the light of all that was said before.

        Parameters
        ----------
        input : str, Task, messages, mapping or prompt value
            As an agent is asked; what comes before the last message is said now, too.
        config, context, secrets
            As :meth:`toolgrove.agent.agent.Agent.ainvoke` takes them.

        Raises
        ------
        JournalLocked
            Where another process is answering in the thread.
        UsageError
            Where the last turn was cut short by a crash: :meth:`resume` finishes it.
        """
        with self._alone():
            turns = self.turns
            if turns and read_run(turns[-1]).ended is None:
                raise UsageError(
                    f"{turns[-1]} was cut short. Finish that turn first: thread.resume()."
                )
            inputs = RunInputs(context, secrets or {}, config)
            task = as_task(input, inputs.hold)
            if turns:
                before = Outcome.of(read_tree(turns[-1]), turns[-1])
                task = said_after(before.conversation, task)
                inputs.hold_all(turns[-1])
            turn = self._turn(len(turns) + 1)
            (turn / JOURNAL).unlink(missing_ok=True)  # of a turn that died before it had begun
            return await answered(self.agent, task, turn, inputs)

    def resume(self, **kwargs: Any) -> Outcome:
        """Finish a turn that was cut short; see :meth:`aresume`."""
        return wait(self.aresume(**kwargs))

    async def aresume(self, **kwargs: Any) -> Outcome:
        """Finish the last turn; one that has its answer gives that.

        Raises
        ------
        UsageError
            Where nothing was said yet.
        JournalLocked
            Where another process is answering in the thread.
        """
        with self._alone():
            turns = self.turns
            if not turns:
                raise UsageError(f"{self.folder}: nothing was said in this thread yet.")
            return await self.agent.aresume(turns[-1], **kwargs)

    def _turn(self, number: int) -> Path:
        return self.folder / f"turn-{number}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise JournalLocked(
                f"{self.folder}: another process is answering in this thread. Wait for it."
            ) from None
        try:
            yield
        finally:
            lock.release()
