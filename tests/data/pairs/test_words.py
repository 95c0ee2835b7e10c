"""What is said decides: of tries that nobody sees, of refusals, of words that break off."""

from __future__ import annotations

import pytest

from toolgrove.data.pairs.texts import holds_secret
from toolgrove.data.pairs.words import ShownTries, cut_off, refuses, unseen_tries

TOOLS = ["news_for_seo", "search_for_seo"]
NOTHING = ShownTries("find news", (), 0, 0)
FAILED = ShownTries("find news news_for_seo iphone error", ["news_for_seo"], 1, 1)
TWICE = ShownTries("find news news_for_seo iphone error", ["news_for_seo"], 2, 2)
WENT_WELL = ShownTries("find news news_for_seo iphone: much", ["news_for_seo"], 1, 0)


@pytest.mark.parametrize(
    ("words", "shown", "unseen"),
    [
        ("The previous attempt failed, so I search.", NOTHING, True),
        ("The previous attempt failed, so I search.", FAILED, False),
        ("The previous attempt failed, so I search.", WENT_WELL, True),
        ("All previous attempts failed.", FAILED, True),
        ("All previous attempts failed.", TWICE, False),
        ("Based on the previous action candidates I search.", TWICE, True),
        ("The previous call of search_for_seo failed.", FAILED, True),
        ("The previous call of news_for_seo failed.", FAILED, False),
        ('The earlier search for "Galaxy" gave nothing.', FAILED, True),
        ('The earlier search for "iPhone" gave nothing.', FAILED, False),
        ("I will try a different approach.", NOTHING, True),
        ("That didn't work, so let me use news_for_seo instead.", NOTHING, True),
        ("That didn't work, so let me use news_for_seo instead.", FAILED, False),
        ("Since search_for_seo did not work, I call news_for_seo.", FAILED, True),
        ("Since the search has failed, I look at the news.", NOTHING, True),
        ("As the search returned no results, I look at the news.", NOTHING, True),
        ("The lookup kept failing.", NOTHING, True),
        ("Let me call news_for_seo instead.", NOTHING, True),
        ("Instead of guessing I look it up.", NOTHING, False),
        ("I call news_for_seo instead of guessing.", NOTHING, False),
        ("I check whether the old link works.", NOTHING, False),
        ("I will look for news first.", NOTHING, False),
        ("The call gave the news of last week.", NOTHING, False),
        ("", NOTHING, False),
    ],
)
def test_tries_are_unseen_where_the_prompt_does_not_hold_them(
    words: str, shown: ShownTries, unseen: bool
) -> None:
    assert unseen_tries(words, shown, TOOLS, {"search_for_seo"} - {*words.split()}) is unseen


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("I'm sorry, but I couldn't fetch the match history.", True),
        ("I apologize for the inconvenience. I am unable to find it.", True),
        ("Unfortunately, there are no results.", True),
        ("Sorry.", True),
        ("", True),
        ("I apologize for the delay. The capital is Oslo.", False),
        ("The capital is Oslo. Its mayor could not be found.", False),
        ("It is 5 km.", False),
        ("5", False),
        ("E", False),
        ("-", True),
        ("It is 12 May (the 5th is no public holiday this year).", False),
        ("No one else could access your notes, so nobody has opened them.", False),
        ("The lookup was denied (403), hence the city cannot be named.", True),
    ],
)
def test_a_refusal_is_known_by_how_it_begins(answer: str, refused: bool) -> None:
    assert refuses(answer) is refused


@pytest.mark.parametrize(
    ("words", "cut"),
    [
        ("It failed. I will now look for the capi", True),
        ("It failed. I will now look for the capital.", False),
        ("I call news_for_s", True),
        ("I call news_for_seo", False),
        ("Look for the capital", False),
        ("It failed. Then:\n- look for the capital", False),
        ("It failed. See https://example.org/a", False),
        ("", False),
    ],
)
def test_words_that_break_off_are_known(words: str, cut: bool) -> None:
    assert cut_off(words, TOOLS) is cut


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("key sk-abcdefghij0123456789", True),
        ("AKIAABCDEFGHIJKLMNOP", True),
        ("http://me:hunter22@example.org/", True),
        ('{"api_key": "0123456789abcdef01"}', True),
        ("-----BEGIN RSA PRIVATE KEY-----", True),
        ("Authorization: Bearer abcdefghijklmnopqrst0123", True),
        ("use sk_live_abcdefghij0123456789", True),
        ("https://example.org/far?token=0123456789abcdef01", True),
        ('{"access_key": "AbCdEf0123456789xyz/ab"}', True),
        ('{"auth_token": "0123456789abcdef01"}', True),
        ("{'secret': '0123456789abcdef01'}", True),
        ("x-api-key: 0123456789abcdef01", True),
        ("Authorization: Basic dXNlcjpwYXNz", True),
        ("basic dXNlcjpwYXNzd29yZDE=", True),
        ("SG.abcdefghijklmnopqrst.uvwxyzabcdefghijklmnopqrstuvw", True),
        ("ya29.a0AfH6SMBx-abcdefghijklm", True),
        ("https://hooks.slack.com/services/T0AAA/B0BBB/abcdefghijklmnop", True),
        ("basic internationalization", False),
        ("A secret: nobody knows; the token = 5", False),
        ('{"token": "0xdAC17F958D2ee523a2206206994597C13D831ec7"}', False),
        ("next_page_token=CAUQAA0123456789abc", False),
        ("SG.de is in Asia", False),
        ("An api_key is required; ask-me", False),
        ("http://example.org:80/a@b", False),
        ("the risk-taking of a bearer of news", False),
    ],
)
def test_what_looks_like_a_secret_is_one(text: str, held: bool) -> None:
    assert holds_secret(text) is held
