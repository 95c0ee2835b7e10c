"""The settings of a run as options of every command that makes runs or calls.

A command names the groups of options that it takes (:func:`with_settings`) and gets what was given
as one :class:`Given`. Defaults are those of the records.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from toolgrove.cli.approval import Approval, approving
from toolgrove.cli.options import CALLS, MODEL, OPTIONS, RUN
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.settings import RunSettings

__all__ = ["CALLS", "MODEL", "RUN", "Given", "with_settings"]


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gave of the settings; what they left out is not in it.

    Parameters
    ----------
    options : mapping
        By the option's name.
    approve : Approval
        Whether writes outside the bundled world are approved.
    repeated : tuple of str
        Options that have a list of values, each of which is tried.
    """

    options: Mapping[str, Any]
    approve: Approval
    repeated: tuple[str, ...] = ()

    def settings(self, base: RunSettings | None = None) -> RunSettings:
        """The settings that the options say.

        Parameters
        ----------
        base : RunSettings or None
            Those of a run that is gone on with; its restrictions stay.

        Raises
        ------
        UsageError
            Where options do not fit together.
        """
        from toolgrove.agent.settings import RunSettings
        from toolgrove.cli.trusted import trusted_here
        from toolgrove.tools.calls.policy import Policy

        made: RunSettings = base or RunSettings(model="local")
        begun = made.calls.policy
        if base is not None:
            made = _put(made, "calls.policy", Policy())
        for option in OPTIONS:
            if option.name in self.options and option.sets:
                made = _put(made, option.sets, option.read(self.options[option.name]))
        if self.options.get("cascade") is not None and not made.strong:
            raise UsageError(
                "--cascade says how two models share the work: name the second, --strong."
            )
        calls = made.calls
        served = calls.apis is not None or calls.replay is not None
        approve = approving(self.approve, served=served)
        policy = replace(calls.policy, approve=approve)
        return made.changed(policy=policy.within(begun), trusted=trusted_here())

    def each(self) -> list[Given]:
        """One for every combination of what was given several values to try."""
        tried = {name: self.options[name] for name in self.repeated if name in self.options}
        return [
            replace(self, options={**self.options, **dict(zip(tried, values, strict=True))})
            for values in product(*tried.values())
        ]

    def for_resuming(self) -> Given:
        """Only what a run may be gone on with.

        Raises
        ------
        UsageError
            Naming an option that was given and belongs to the run.
        """
        fixed = {option.name: option for option in OPTIONS if option.fixed}
        for name in fixed.keys() & self.options.keys():
            if os.environ.get(fixed[name].variable) != self.options[name]:
                raise UsageError(
                    "toolgrove run --resume goes on with the run's own settings: leave "
                    f"{fixed[name].flag} out."
                )
        kept = {name: value for name, value in self.options.items() if name not in fixed}
        return replace(self, options=kept)


def with_settings(
    *groups: str, approve: Approval = Approval.ASK, repeated: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some groups, in the place of its parameter ``given``.

    Parameters
    ----------
    *groups : str
        ``MODEL``, ``RUN``, ``CALLS``.
    approve : Approval
        Whether writes are approved where nobody says.
    repeated : tuple of str
        Options that may be given several times, to try each value (:meth:`Given.each`).
    """
    options = [option for option in OPTIONS if option.group in groups]

    def wrapped(command: Callable[..., None]) -> Callable[..., None]:
        shown = list(inspect.signature(command, eval_str=True).parameters.values())
        own = [one.replace(kind=one.KEYWORD_ONLY) for one in shown if one.name != "given"]

        def called(**kwargs: Any) -> None:
            found = {option.name: kwargs.pop(option.name) for option in options}
            for option in options:
                if option.name in repeated and not found[option.name] and option.variable:
                    found[option.name] = list(filter(None, [os.environ.get(option.variable)]))
            found = {name: value for name, value in found.items() if value not in (None, [])}
            said = found.pop("approve", approve)
            command(**kwargs, given=Given(found, said, repeated))

        taken = [one.repeatable if one.name in repeated else one.parameter for one in options]
        parameters = [*own, *taken]
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        called.__name__, called.__doc__ = command.__name__, command.__doc__
        return called

    return wrapped


def _put(record: Any, path: str, value: Any) -> Any:
    """A record with a field changed, or one of a record or mapping in it."""
    name, _, rest = path.partition(".")
    inner = getattr(record, name)
    if rest:
        value = {**inner, rest: value} if isinstance(inner, Mapping) else _put(inner, rest, value)
    return replace(record, **{name: value})
