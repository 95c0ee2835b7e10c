"""The deliberate trouble of the world, each kind as real hubs have it.

None depends on time or on the order of different requests: what a request meets follows from the
seed, its own arguments and how often it was made, so that results reproduce.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolgrove.data.world.declare import Refusal, WorldAnswer
from toolgrove.data.world.state import World

__all__ = ["NOT_SUBSCRIBED", "Flaky", "Gone", "Throttled", "Unsubscribed"]

NOT_SUBSCRIBED = Refusal(403, "You are not subscribed to this API.")
"""What an API behind a paid plan answers; the world has no facts for such an API."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A deprecated API: 410, and the name of the one that replaced it."""

    replacement: str
    status: int = 410

    @property
    def about(self) -> str:
        return f"deprecated; always answers 410 and names its replacement, {self.replacement}"

    def __call__(self, world: World, key: str) -> WorldAnswer:
        error = f"This API was deprecated and no longer answers. Use '{self.replacement}' instead."
        return WorldAnswer(self.status, {"error": error})


@dataclass(frozen=True, slots=True)
class Throttled:
    """429 with Retry-After on the first request with given arguments, then as documented."""

    seconds: int = 1
    status: int = 429

    @property
    def about(self) -> str:
        return f"the first request with given arguments answers 429, Retry-After {self.seconds}"

    def __call__(self, world: World, key: str) -> WorldAnswer | None:
        if world.count(key):
            return None
        error = f"Too many requests on the free plan. Try again in {self.seconds} s."
        return WorldAnswer(self.status, {"error": error}, {"Retry-After": str(self.seconds)})


@dataclass(frozen=True, slots=True)
class Flaky:
    """503 on the first requests with given arguments; how many, 0 to ``most``, is drawn by seed."""

    most: int = 5
    status: int = 503

    @property
    def about(self) -> str:
        return (
            f"the first 0 to {self.most} requests with given arguments answer 503; how many "
            "follows from the seed and the arguments"
        )

    def __call__(self, world: World, key: str) -> WorldAnswer | None:
        if world.count(key) >= world.draw(key, self.most + 1):
            return None
        return WorldAnswer(
            self.status, {"error": "Service temporarily unavailable. Please try later."}
        )


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """403, in the words of a hub whose plan does not include the API."""

    status: int = NOT_SUBSCRIBED.status

    @property
    def about(self) -> str:
        return "always answers 403: the plan does not include it"

    def __call__(self, world: World, key: str) -> WorldAnswer:
        return WorldAnswer(self.status, {"error": NOT_SUBSCRIBED.error})
