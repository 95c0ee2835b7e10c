"""What a path's own observations say of it: a value that costs no model call."""

from __future__ import annotations

from dataclasses import dataclass

from toolgrove.data.records import Node, NodeState

__all__ = ["Tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """The steps of a path, and what they brought.

    Parameters
    ----------
    useful : int
        Calls that gave something new.
    wasted : int
        Calls that failed, were only shown or repeated one of the path, and steps without a call.

    Examples
    --------
    >>> from toolgrove import Observation, Status
    >>> step = Node("a", "root", observations=(Observation(Status.OK, "3 km"),))
    >>> slip = Node("b", "a", observations=(Observation(Status.TIMEOUT, ""),))
    >>> path = Tally().after(step).after(slip)
    >>> path, path.value
    (Tally(useful=1, wasted=1), 0.5)
    """

    useful: int = 0
    wasted: int = 0

    def after(self, node: Node) -> Tally:
        """The tally of the path that a node makes longer."""
        if node.state is NodeState.ANSWERED:
            return self
        useful = sum(1 for o in node.observations if o.status.usable and not o.repeated)
        wasted = len(node.observations) - useful if node.observations else 1
        return Tally(self.useful + useful, self.wasted + wasted)

    @property
    def value(self) -> float:
        """The share of useful calls, of 0 to 1; a path without any is worth the middle."""
        made = self.useful + self.wasted
        return self.useful / made if made else 0.5
