"""What can be wrong with a preference pair, and which of it a pair is dropped for."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ALWAYS_DROPPED", "DROPPED", "Fault"]


class Fault(StrEnum):
    """What can be wrong with a pair.

    Each is either always dropped, dropped unless it is kept, or counted and named in the pair.
    """

    IDENTICAL_CALL = "identical_call"
    """Both sides make the same calls; always dropped."""
    NO_WORDS = "no_words"
    """A side neither says nor calls anything; always dropped."""
    HELD_OUT = "held_out"
    """The task, or one of the same words, is among those that are held out for a test."""
    DECLINED_ANSWER = "declined_answer"
    """The answer that the chosen side leads to is a refusal, and nobody judged it right."""
    NO_SUCCESSFUL_CALL = "no_successful_call"
    """There are tools, no call on the way to the answer gave anything, and nobody judged the answer
    right: it is made up."""
    PART_ANSWERED = "part_answered"
    """The answer leaves out a part of the request, and nobody judged it right: a value of the
    request that a call asked about in vain stands neither in the answer, nor in another call that
    gave something, nor in what it gave."""
    CHOSEN_FAILS = "chosen_fails"
    """A call of the chosen side fails."""
    CORRECTED_LATER = "corrected_later"
    """The chosen call has a value that stands nowhere before it, and on every way to a success the
    same tool is called again, with one that does."""
    UNKNOWN_TOOL = "unknown_tool"
    """The chosen side calls a tool that is not among the tools on offer."""
    REPEATS_PROMPT = "repeats_prompt"
    """The chosen side makes a call that the conversation before it holds already, with no write in
    between and no hint that the same call may do better later."""
    UNFINISHED = "unfinished"
    """The rejected side did not fail. Below it a path was left open, or was cut by a limit of
    depth or for its score, so it may not be worse."""
    PASSING_FAILURE = "passing_failure"
    """The rejected call failed for what passes, as a timeout or a limit of calls: nothing says that
    it was wrong."""
    AS_GOOD = "as_good"
    """The rejected side makes the same set of calls, or a step that the way to the answer makes
    later on, or the calls that gave something are the same
    on the way to its end and on the way to the answer. A whole path that was left is as good where
    it has all that the answer is made of, unless somebody judged this one right."""
    DIVERSITY_PROMPT = "diversity_prompt"
    """The chosen side speaks of tries that its prompt does not show, as a diversity prompt makes
    models do. What is said decides, not how it was asked for."""
    CUT_THOUGHT = "cut_thought"
    """The words of the chosen side end in the middle of a sentence or a word."""
    UNSEEN_VALUE = "unseen_value"
    """The chosen arguments hold a value that neither the conversation nor the tools show: it was
    made up, or learnt later on. Asked only where calls alone are compared."""
    UNRELATED_CALL = "unrelated_call"
    """No argument of the chosen call stands in the conversation, so nothing says that the call
    serves what was asked. Asked only of rule ``subgoal``."""
    ASKS_LESS = "asks_less"
    """The chosen call passes because it leaves out what was asked: a value of the request that the
    rejected call, or a failed one before it, gave the same tool. Asked only of the rules
    ``arguments`` and ``subgoal``."""
    ODD_NAME = "odd_name"
    """A called tool has a line break or another control character in its name."""
    SECRET = "secret"  # the fault's name
    """A text, of the conversation or of the tools on offer, has the form of a key, a token or a URL
    with a password in it."""
    NEAR_DUPLICATE = "near_duplicate"
    """A pair of the same task, or with the same words throughout, says nearly the same."""
    CONTRADICTED = "contradicted"
    """A pair that was kept prefers the rejected step to the chosen one, after the same prompt: in
    another run that way led to the success, so neither is known to be better. Of a labelled step:
    one that was kept has the other label."""
    TASK_CAP = "task_cap"
    """The task has as many pairs as one task may have."""
    CHOSEN_CAP = "chosen_cap"
    """The chosen side stands in as many pairs as one side may."""
    EMPTY_THOUGHT = "empty_thought"
    """The rejected side has no thought where the chosen one has: the mere presence of words
    tells them apart."""
    CUT_OBSERVATION = "cut_observation"
    """The conversation holds an observation that was cut."""
    TOO_LONG = "too_long"
    """Prompt and longer side have more than 32,768 characters, some 8,000 tokens."""


ALWAYS_DROPPED = frozenset({Fault.IDENTICAL_CALL, Fault.NO_WORDS})
"""Faults that leave nothing to prefer."""
DROPPED = frozenset(Fault) - {Fault.EMPTY_THOUGHT, Fault.CUT_OBSERVATION, Fault.TOO_LONG}
"""Faults that a pair is dropped for unless they are kept; the others are counted and named."""
