"""The words of a page, in time that grows with the page and no faster."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.tools.http import page_text as module
from toolgrove.tools.http.page_text import page_text

HOSTILE = ["<a ", "<", "</", "<!--", "<!", "<?", "<a='", '<a b="', "<script>", "</script", "&#9"]
HOSTILE += [
    "&",
    "&#x1F600",
    "<a =\t",
    "<![CDATA[",
    "<style><",
    "<a b=c'",
    "&amp",
    "<script>x</scri",
]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<h1>Sign in</h1><p>to&nbsp;go on", "Sign in to go on"),
        ("a < b and c > d", "a < b and c > d"),
        ("<p title='a > b'>in</p>", "in"),
        ('<p title = "a > b" class=x>in</p>', "in"),
        ("<p title=it's>in</p> that's", "in that's"),
        ("<SCRIPT src=x>steal('<p>')</Script >after", "after"),
        ("<script>if (a</scripted) {}</script>after", "after"),
        ("<style>p {}</style>a<!-- <p>no</p> -->b<!---->c<!-->d", "a b c d"),
        ("<!DOCTYPE html><?xml version='1.0'?>x", "x"),
        ("<script>never closed", ""),
        ("kept <a href='cut", "kept"),
        ("&lt;b&gt; &#65;&#x42; &nosuch; &#" + "9" * 5000 + ";", "<b> AB &nosuch; \ufffd"),
        ("", ""),
    ],
)
def test_the_words_of_a_page(html: str, words: str) -> None:
    assert page_text(html) == words


@pytest.mark.parametrize("piece", HOSTILE)
def test_promise_17_no_character_of_a_hostile_page_is_looked_at_again_and_again(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are counted, not seconds: each look for an end begins where the last one ended."""
    looks: list[tuple[int, int]] = []
    real = module._end

    def noted(html: str, start: int) -> int:
        looks.append((start, real(html, start)))
        return looks[-1][1]

    monkeypatch.setattr(module, "_end", noted)
    page_text("<html>" + piece * (65_536 // len(piece)))
    assert all(end > start for start, end in looks)
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(looks))


@given(st.text(st.sampled_from("<>/!?-='\" abscriptyle&#;x9"), max_size=300))
def test_any_text_gives_words(html: str) -> None:
    assert page_text(html).split() == page_text(html).split(" ") or not page_text(html)
