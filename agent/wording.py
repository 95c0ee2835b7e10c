"""A chat model's words for lessons that rules have found: it is shown those, and nothing of a run.

What it says is data: it is kept where it names the same tools and brings in no name, link or line
of its own, and left aside otherwise. Which lessons there are, no model decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolgrove.agent.lessons import Lesson

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["worded"]

_SYSTEM = (
    "You shorten notes for an agent that calls tools. Say the note in one plain sentence. "
    "{0}, {1} and so on stand for tools: keep each as it is. Keep names of parameters and fields "
    "as they are. Add nothing that the note does not say. Reply with the sentence only."
)
_LONGEST = 240
_PLACE = re.compile(r"\{(\d{1,2})\}")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[_.#/:@-][A-Za-z0-9]+)+|\d+")
_WORDS = re.compile(r"[^\x00-\x1f\x7f-\x9f{}<>`|\\]+")


def worded(lesson: Lesson, model: BaseChatModel) -> str | None:
    """A model's words for a lesson, tools as ``{0}``, …; None where they cannot be used."""
    note = lesson.words(lambda tool, parameter: parameter or f"{{{lesson.tools.index(tool)}}}")
    if not _WORDS.fullmatch(_PLACE.sub("", note)):
        return None
    from langchain_core.messages import HumanMessage, SystemMessage

    said = model.invoke([SystemMessage(_SYSTEM), HumanMessage(note)]).text.strip()
    rest = _PLACE.sub("", said)
    fits = len(said) <= _LONGEST and _WORDS.fullmatch(rest) is not None
    same = set(_PLACE.findall(said)) == set(_PLACE.findall(note))
    own = set(_NAME.findall(rest)) - set(_NAME.findall(_PLACE.sub("", note)))
    return said if fits and same and not own else None
