"""The English phrases with which models say that they cannot answer: one list for all who look.

Whoever judges an answer asks whether anything is offered besides
(:mod:`toolgrove.evaluators.answers.declines`); whoever mines asks how much of it is a refusal
(:mod:`toolgrove.data.pairs.words`).
"""

from __future__ import annotations

import re

__all__ = ["APOLOGIES", "DECLINES", "TROUBLE"]

_CAN = (
    r"(?:can(?:not|\s+not|['’]t)|could(?:\s+not|n['’]t)|(?:was|were|am|is|are"
    r"|been)(?:\s+not|n['’]t)\s+able\s+to|not\s+able\s+to|unable\s+to|impossible\s+to"
    r"|not\s+possible\s+to|no\s+way\s+(?:to|of))"
)
_HAVE = r"(?:do(?:es)?(?:\s+not|n['’]t)|did(?:\s+not|n['’]t)|lacks?|lacking)"
_DO = (
    r"(?:be\s+)?(?:\w+ly\s+)?(?:answer(?:ed)?|provid\w*|find|found|get|retrieve[d]?"
    r"|determin\w*|access\w*|"
    r"help|do|obtain\w*|fulfil\w*|complet\w*|perform\w*|book|fetch\w*|look\s+\w*\s*up|tell"
    r"|give|given|"
    r"assist|predict\w*|forecast|check\w*|know\w*|comput\w*|calculat\w*|convert\w*"
    r"|locat\w*|done|translat\w*|"
    r"identif\w*|track\w*|confirm\w*|verif\w*|report\w*|show\w*|offer|supply|say|see|make"
    r"|name[d]?|reach\w*|"
    r"estimat\w*|establish\w*|read|return\w*|quote|state|list|query|resolve|trace|measure|respond)"
)
_THING = (
    r"(?:tools?|apis?|functions?|data|information|info|way|access|results?|answer"
    r"|endpoint\w*|figures?|records?|source|service|entry|value|field|means|details?|log"
    r"|logs)"
)
DECLINES = re.compile(
    rf"\b{_CAN}\s+{_DO}\b"
    rf"|\b{_HAVE}\s+(?:currently\s+|seem\s+to\s+|actually\s+)?(?:have|provide|support|offer"
    rf"|cover|include|contain|know|list|give"
    r"|return|store|keep|record|track|expose|tell|say|show|reveal|report|translate|handle"
    r"|let|allow|cover)\b"
    rf"|\bno\s+(?!one\b)(?:\w+[\s-]+){{0,3}}?{_THING}\b"
    r"|\bno\s+(?!one\b)(?:[\w-]+\s+){1,3}?available\b"
    r"|\bno\s+(?!one\b)(?:[\w-]+\s+){1,3}?(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:offered|available"
    r"|provided|included|supported|listed|given|recorded|stored)\b"
    rf"|\b(?:contain|include|list|provide|give|hold|offer|cover|know|show|return)s?\s+(?:no"
    rf"|nothing|neither)\b"
    rf"|\b(?:found|returned|got|have|has|is|are|there's)\s+(?:no|nothing|none|neither)\b"
    rf"|\b(?:none|neither|nothing)\s+(?:of|in|on|about|among|that)\b"
    rf"|\bneither\b[^.!?\n]*\bnor\b"
    r"|\b(?:not|im)[\s-]?possible\b|(?:\bnot|n['’]t)\s+(?:currently\s+|publicly\s+"
    r"|yet\s+)?(?:available|supported|provided|given|"
    r"answerable|assigned|allocated|in\s+(?:the|any|my|this)\s+\w+|anywhere|the\s+\w+\s+of"
    r"|among|part\s+of|one\s+of|known|covered|accessible|found|included|subscribed"
    r"|recorded|listed|possible|something|offered|enough|permitted|allowed"
    r"|authori[sz]ed|described|mentioned|documented|disclosed|published)\b"
    r"|\bout\s+of\s+reach\b|\bno\s+(?!one\b)(?:[\w-]+\s+){1,3}?can\s+be\s+(?:given|had|named|found|told"
    r"|determined|calculated|computed|provided|worked\s+out)\b"
    r"|\bunavailable\b|\bunsupported\b|\binaccessible\b|\bunanswerable\b"
    r"|\b(?:remains?|stays?|is|are)\s+(?:still\s+)?(?:unknown|unclear|undetermined|open)\b"
    r"|\bunknown\s+to\s+me\b"
    r"|\b(?:cannot|can['’]t|could\s+not|couldn['’]t)\s+(?:currently\s+|therefore\s+)?be\s+\w+"
    r"|\b(?:beyond|outside)\s+(?:of\s+)?(?:what|my|the|its|their)\b"
    r"|\b(?:access|request|call|lookup)s?\s+(?:\w+\s+){0,3}?(?:denied|refused|rejected"
    r"|blocked|forbidden)\b|\bdenied\s+access\b"
    r"|\bpaid\s+(?:plan|subscription|tier|account)\b|\b(?:requires?|demands?|needs?)\s+(?:an?\s+)?(?:paid"
    r"|subscription|premium|upgrade|licen[cs]e)\b"
    r"|\A\W*\w+ing\b[^,;:!?\n]{0,60}\sfailed\b"
    r"|\b(?:behind\s+a\s+)?paywall\b|\b403\b|\b401\b|\bforbidden\b"
    r"|\bsubscription\s+(?:is\s+)?(?:required|needed)\b"
    r"|\b(?:are|is|remain|stay)\s+silent\b|\b(?:insufficient|missing)\s+(?:data"
    r"|information|access)\b"
    r"|\b(?:failed|fails?)\s+to\s+\w+|\b(?:lookup|request|call|query"
    r"|search)\s+(?:\w+\s+)?failed\b|\bi\s+(?:don['’]t|do\s+not)\s+know\b|\bno\s+idea\b",
    re.IGNORECASE,
)
"""What says that an answer is not known, or cannot be had."""
TROUBLE = re.compile(
    r"\b(?:can(?:not|\s+not|['’]t)|could(?:\s+not|n['’]t)|unable\s+to|not\s+able\s+to"
    r"|(?:do|does|did)(?:\s+not|n['’]t)\s+(?:seem\s+to\s+)?(?:find|exist|yield|work)"
    r"|(?:is|are|was|were)(?:\s+not|n['’]t)\s+(?:\w+\s+)?(?:successful|working)"
    r"|no\s+(?!one\b)(?:\w+\s+){0,4}?(?:results?|information|data|access|tools?|functions?"
    r"|details|records?|way|articles?|matches)\b"
    r"|(?:an?|some)\s+(?:\w+\s+)?(?:error|issue|problem)s?\b|encountered|went\s+wrong"
    r"|(?:try|check)\s+(?:\w+\s+){0,2}?(?:again|later))",
    re.IGNORECASE,
)
"""What says besides, in the words of agents that tell of failed calls, that nothing came."""
APOLOGIES = re.compile(r"\b(?:sorry|apologi[sz]e|apologies|regret|unfortunately)\b", re.IGNORECASE)
