"""Whether a call gave anything, by its status and by what a ToolBench answer says in spite of it.

ToolBench wraps an answer as ``{"error": …, "response": …}``, and its code 0 stands also where the
response says 401. Elsewhere the status is taken at its word.
"""

from __future__ import annotations

import re

from toolgrove.data.pairs.glimpses import found_none, glimpse, holds_data, says_no
from toolgrove.data.records import Observation, Status

__all__ = ["failed", "gave_something", "holds_something", "may_do_better"]

_WRAPPED = re.compile(
    r'\A\s*\{"error":\s*"(?P<error>[^"\\]*(?:\\.[^"\\]*)*)'
    r'(?:",\s*"response":\s*(?P<response>.*)|\\?"?[\s,":respon.]*\Z)',
    re.DOTALL,
)
"""Also where it was cut within the error, or before the response."""
_FOR_A_WORD = re.compile(
    r"\A(?:message|unauthorized|unsubscribed|api not working|too many requests"
    r"|rate limit per minute) error\.\.\.\Z",
    re.IGNORECASE,
)
"""ToolBench's labels. It puts one where the answer holds a word anywhere, as "terror" does."""
_ERROR = re.compile(
    r"""["'](?:"""
    r"""(?:error|errors|error_?message|fault)["']\s*:\s*"""
    r"""(?!["']\s*["']|null|none|false|\[\s*\]|\{\s*\}|0\b)"""
    r"""|(?:status|status_?code|code|cod)["']\s*:\s*["']?[45]\d\d\b"""
    r"""|(?:success|ok)["']\s*:\s*["']?false"""
    r"""|status["']\s*:\s*["'](?:error|fail)"""
    r"""|(?:message|msg|detail)["']\s*:\s*["'](?:[^"]{0,80}\W)?(?:not found|does not exist"""
    r"""|unknown|invalid|unauthori[sz]ed|required|forbidden|exceed(?:s|ed)|failed|not subscribed"""
    r"""|too many requests|unable|cannot|denied|unavailable|must (?:be|have|contain)|disabled"""
    r"""|unrecogni[sz]ed|not (?:allowed|supported|permitted|valid|available)|missing|deprecated"""
    r"""|no longer|expired)\b)""",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"<title>\s*(?:[45]\d\d|forbidden|not found|bad gateway|error|access denied)", re.IGNORECASE
)
_PAGE = re.compile(r"""<!doctype|<html|["']html["']\s*:""", re.IGNORECASE)
_BEGINS = re.compile(
    r"[^\w{\[]*(?:[45]\d\d\s+)?(?:error|traceback|forbidden|unauthori[sz]ed|not found|bad request"
    r"|internal server error|bad gateway|service unavailable|gateway time-?out)\b",
    re.IGNORECASE,
)
_HEAD = 600
"""Characters in which an answer says that it is an error; what stands below may speak of errors."""
_KEY = re.compile(r"""(?:"[^"]*"|'[^']*')\s*:""")
_TOLD = re.compile(
    r"""\s*\{\s*["'](?:message|msg|detail)["']\s*:\s*(?:"[^"]*"|'[^']*')\s*\}\W*""", re.IGNORECASE
)
"""All of an answer that holds nothing but a message."""
_EMPTY_FIRST = re.compile(r"""\s*\{\s*["'](?!errors?["'])\w+["']\s*:\s*\[\s*\]""", re.IGNORECASE)
_NONE_FOUND = re.compile(
    r"\W*(?:sorry\W+)?(?:there (?:are|were|is|was) )?"
    r"(?:no (?:\w+ ){0,3}?(?:results?|records?|data|match(?:es)?|entries)"
    r"|(?:no (?:\w+ ){1,4}?|nothing |none )(?:was |were )?(?:found|available|returned|retrieved))"
    r"(?: (?:was |were )?(?:found|available|returned|retrieved))?"
    r"(?: (?:for|in|with|matching) [^.!\n]{0,80})?\W*",
    re.IGNORECASE,
)
"""All of an answer that says that there is nothing."""
_LISTED = re.compile(r"\[\s*[^\]\s]")
_NOTHING = re.compile(r"(?:\W|_|\b(?:none|null|true|false|0)\b)*", re.IGNORECASE)
_PASSES = re.compile(
    r"\btoo many requests\b|\brate[ -]?limit|\bquota\b|\btimed[ -]?out\b"
    r"|\b(?:gateway|read|connect(?:ion)?|request|response) time-?out\b"
    r"|\btime-?out (?:error|exceed|reach)"
    r"|\btemporar(?:y|ily)\b|\btry (?:it )?again (?:later|in|after)\b"
    r"|[\"'](?:status|status_?code|code|cod)[\"'\\]{1,3}\s*:\s*[\"'\\]{0,3}(?:408|429|503|504)\b",
    re.IGNORECASE,
)
"""What a failure says of itself that says nothing of the call."""
_LATER = frozenset({Status.TIMEOUT, Status.TOO_MANY_REQUESTS, Status.RATE_LIMITED})


def failed(seen: Observation) -> bool:
    r"""Whether a call went wrong, also where only ToolBench's answer says so.

    An error beside data is none, unless a status says that the request failed. Nor is one of
    ToolBench's labels over data, which it puts for a word anywhere in the answer.

    Examples
    --------
    >>> said = '{"error": "", "response": "{\\"message\\": \\"Not Found\\"}"}'
    >>> failed(Observation(Status.OK, said)), failed(Observation(Status.OK, "5 km"))
    (True, False)
    >>> films = '{"error": "Message error...", "response": "{\'films\': [\'Night of terror\']}"}'
    >>> failed(Observation(Status.ERROR_IN_MESSAGE, films))
    False
    """
    wrapped = _WRAPPED.match(seen.content)
    if wrapped is None:
        return seen.status.failed
    error, told = wrapped["error"].strip(), _told((wrapped["response"] or "")[:_HEAD])
    labelled = _FOR_A_WORD.match(error) is not None
    if (seen.status.failed or error) and not labelled:
        return True
    if _BEGINS.match(told) or ("<" in told and _TITLE.search(told)):
        return True
    if not labelled and not _ERROR.search(told):
        return False
    answer = None if labelled and _PAGE.search(told) else glimpse(told)
    return answer is None or says_no(answer) or not holds_data(answer)


def gave_something(seen: Observation) -> bool:
    r"""Whether a call went well and its result holds anything.

    An answer whose lists are empty holds nothing, whatever it says of itself beside them, nor does
    one that says so. Of ToolBench's answers one that is nothing but a message holds nothing, nor
    does one that begins with an empty list and has no other: what was asked for is not in it.

    Examples
    --------
    >>> [gave_something(Observation(Status.OK, text)) for text in ("5 km", '{"value": []}', "")]
    [True, False, False]
    >>> found = '{"error": "", "response": "{\'parcels\': [], \'office\': \'open till 5\'}"}'
    >>> gave_something(Observation(Status.OK, found))
    False
    """
    return not failed(seen) and holds_something(seen)


def holds_something(seen: Observation) -> bool:
    """Whether the result of a call that did not fail holds anything."""
    if seen.status is Status.PREVIEWED:
        return False
    wrapped = _WRAPPED.match(seen.content)
    held = _told(wrapped["response"] or "") if wrapped else seen.content
    if wrapped and (
        _TOLD.fullmatch(held) or (_EMPTY_FIRST.match(held) and not _LISTED.search(held))
    ):
        return False
    if _NOTHING.fullmatch(_KEY.sub("", held)) is not None or _NONE_FOUND.fullmatch(held):
        return False
    answer = glimpse(held)
    return answer is None or not found_none(answer)


def _told(response: str) -> str:
    """An answer as the API wrote it: ToolBench keeps it as JSON text."""
    if not response.startswith('"'):
        return response
    return response.replace("\\\\", "\\").replace('\\"', '"').lstrip('"')


def may_do_better(seen: Observation) -> bool:
    """Whether the same call may be made again with reason: it failed for what passes.

    Examples
    --------
    >>> from dataclasses import replace
    >>> slow = Observation(Status.NOT_WORKING, "The request to the API has timed out.")
    >>> may_do_better(slow), may_do_better(replace(slow, content="No"))
    (True, False)
    """
    if seen.status in _LATER or seen.retry_after is not None:
        return True
    return _PASSES.search(seen.content[:_HEAD]) is not None and failed(seen)
