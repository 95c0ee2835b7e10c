"""What a model says, without what it thinks and without the marks that end a reply.

Models write their thoughts into the reply itself: ``<think>…</think>`` and its kin, a ``thinking``
fence, a reply that begins inside a thought which their chat template opened. What stands there is
no call, no verdict and no answer. Nor are end marks (``<|im_end|>``, ``<END_OF_PLAN>``) words.

Inside a call's brackets a tag is text: ``search(query="what is <think>?")`` thinks nothing.
"""

from __future__ import annotations

import re
import sys

__all__ = ["Spoken", "spoken"]

_NAMES = (
    "think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis|inner_monologue"
    "|rationale"
)
_OPEN = (
    rf"<(?:\w+:)?(?:{_NAMES})\b[^<>\n/]{{0,80}}>"
    r"|◁think(?:ing)?▷|\[THINK\]|<\|(?:begin_of_thought|start_thinking)\|>"
    r"|<\|channel\|>(?:analysis|thought)(?:<\|message\|>)?"
    rf"|(?:^|(?<=\n))[ \t]*```+[ \t]*(?:{_NAMES})[ \t]*(?=\n)"
)
_CLOSE = (
    rf"</(?:\w+:)?(?:{_NAMES})\s*>|◁/think(?:ing)?▷|\[/THINK\]"
    r"|<\|(?:end_of_thought|end_thinking)\|>"
)
_MARK = (
    r"<\|(?:im_end|eot_id|eom_id|endoftext|end_of_text|end|return)\|>|<｜end▁of▁sentence｜>"
    r"|<END_?OF_?(?:RESPONSE|TURN|TEXT)>|<end_of_turn>|</s>|<eos>"
)
"""Ends a reply."""
_MERE = r"<END_?OF_?PLAN>|<\|start\|>\w+(?=<\|channel)|<\|channel\|>final<\|message\|>"
"""Neither words nor an end: what follows is still said."""
_TOKEN = re.compile(f"(?P<o>{_OPEN})|(?P<c>{_CLOSE})|(?P<m>{_MARK})|(?P<p>{_MERE})", re.I)
_PARTIAL = re.compile(
    r"(?:<[^<>\n]{0,100}|<\|(?:channel|start)\|>\w{0,12}(?:<[^<>\n]{0,12})?|◁[^▷\n]{0,12}"
    r"|\[/?[A-Za-z]{0,5}|(?:^|(?<=\n))[ \t]*`{1,3}[^\n]{0,80})$"
)
"""What may become one of these once more of the text is there."""
_TAG_ENDS = re.compile(_CLOSE, re.I)
_CHANNEL_ENDS = re.compile(r"(?:<\|end\|>\s*)?(?:<\|start\|>\w*)?<\|channel\|>final<\|message\|>")
_FENCE_ENDS = re.compile(r"(?<=\n)[ \t]*```+[ \t]*(?=\n|\Z)")
_LONGEST = 120
"""Characters that the end of a thought may take."""


class Spoken:
    """Takes a reply piece by piece and gives what of it is said.

    ``begun`` counts how often all that was given so far turned out to be a thought, because the
    end of one came whose beginning the reply does not hold: forget it then.

    Examples
    --------
    >>> said = Spoken()
    >>> said.feed("<thi") + said.feed("nk>1. send()</think>1. look()<|im_") + said.feed("end|>")
    '1. look()'
    >>> said.begun, said.feed("more") + said.close()
    (0, '')
    """

    def __init__(self) -> None:
        self.begun = 0
        self._held = ""
        self._ends: re.Pattern[str] | None = None
        self._line = ""
        self._over = False

    def feed(self, piece: str) -> str:
        """What a further piece lets be known as said."""
        self._held += piece
        return self._read(last=False)

    def close(self) -> str:
        """What is left once the reply is at its end."""
        return self._read(last=True)

    def _read(self, *, last: bool) -> str:
        given = ""
        while self._held and not self._over:
            if self._ends is not None:
                if not self._thought_over(self._ends, last):
                    break
                continue
            found = _TOKEN.search(self._held)
            if found is None or (not last and _may_grow(found)):
                partial = None if last else _PARTIAL.search(self._held)
                given += self._say(min(_start(found), _start(partial), len(self._held)))
                break
            given += self._say(found.start())
            token = found[0]
            if found["c"] and not self._inside():
                self.begun, given, self._line = self.begun + 1, "", ""
            elif found["o"] and not self._inside() and ("`" not in token or not self._line):
                self._ends = _ending(token)
            elif found["m"] and not self._text_here(token, last):
                self._over = True
            elif not found["p"]:
                given += self._say(len(token))
                continue
            self._held = self._held[len(token) :]
        return given

    def _thought_over(self, ends: re.Pattern[str], last: bool) -> bool:
        """Whether the thought ends in what is held, and what is said goes on behind it."""
        found = ends.search(self._held)
        if found is None or (not last and _may_grow(found)):
            self._held = self._held[-_LONGEST:]
            return False
        self._ends = None
        self._held = self._held[found.end() :]
        return True

    def _say(self, length: int) -> str:
        said, self._held = self._held[:length], self._held[length:]
        self._line = (self._line + said).rsplit("\n", 1)[-1]
        return said

    def _inside(self) -> bool:
        """Whether the line has a bracket open: a tag is text there."""
        return self._line.count("(") > self._line.count(")")

    def _text_here(self, mark: str, last: bool) -> bool:
        """Whether what looks like an end mark is text: in a call, or markup of struck words."""
        if mark.lower() not in ("</s>", "<eos>"):
            return False
        ends = last and not self._held[len(mark) :].strip()
        return not ends and (self._inside() or "<s>" in self._line)


def _ending(opened: str) -> re.Pattern[str]:
    if "channel" in opened:
        return _CHANNEL_ENDS
    return _FENCE_ENDS if "`" in opened else _TAG_ENDS


def _start(found: re.Match[str] | None) -> int:
    return sys.maxsize if found is None else found.start()


def _may_grow(found: re.Match[str]) -> bool:
    """Whether more text may make something else of what was found at the text's end."""
    rest = found.string[found.end() :].strip()
    return not rest and (
        found[0].lower() in ("</s>", "<eos>") or "`" in found[0] or "|" in found[0]
    )


def spoken(text: str) -> str:
    r"""What of a whole reply is said.

    Examples
    --------
    >>> spoken("<think>Finish(1)?</think>\nFinish(2)</s>")
    '\nFinish(2)'
    >>> spoken("So I call send().</think>Finish(3)"), spoken("<think>It goes on")
    ('Finish(3)', '')
    """
    said = Spoken()
    words = said.feed(text)
    begun = said.begun
    rest = said.close()
    return rest if said.begun > begun else words + rest
