"""How far a judge agrees with people, and where that is kept.

A judge is a model that is asked in certain words. A calibration is of both: it is found again by
the name of the evaluator, which has the model's in it, and by the digest of its prompts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from toolgrove.data import codec
from toolgrove.data.records import Score
from toolgrove.errors import FormatError
from toolgrove.evaluators.labels import FAILURE, SUCCESS, LabelledAnswer
from toolgrove.evaluators.stats import Interval, kappa, wilson
from toolgrove.machine.files import safe_name, write_beside

__all__ = [
    "CALIBRATION",
    "NOT_CALIBRATED",
    "Calibration",
    "JudgeAgreement",
    "agreement",
    "by_evaluator",
    "calibration_file",
    "calibration_of",
    "calibration_words",
    "calibrations",
    "keep",
    "kept",
    "key_of",
    "recorded",
]

CALIBRATION = "calibration"
"""Where a score's details carry it."""
NOT_CALIBRATED = "no calibration"
_CODE = "code"


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """How far one judge agrees with people.

    Parameters
    ----------
    judge : str
        Its name.
    reading : str
        How its replies were read, where that was recorded.
    n : int
        Answers that people judged.
    agreement : Interval
        The share on which both say the same, with Wilson's 95% interval. A reply without a
        verdict agrees with nobody.
    kappa : Interval or None
        Cohen's κ; None where it is not defined.
    passed, failures : int
        How many answers that people held for failures the judge passed, of how many.
    failed, successes : int
        How many answers that people held for successes the judge failed, of how many.
    unread : int
        Replies without a verdict.
    """

    judge: str
    reading: str
    n: int
    agreement: Interval
    kappa: Interval | None
    passed: int
    failures: int
    failed: int
    successes: int
    unread: int

    def __str__(self) -> str:
        share, chance = self.agreement, self.kappa
        beyond = "κ not defined" if chance is None else f"κ {chance.value:.2f}"
        return f"agrees with people on {share.value:.1%} of {self.n} answers, {beyond}"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge's calibration, under way or done.

    Parameters
    ----------
    evaluator, judge, prompt : str
        Whose it is: the evaluator's name, the model's, and the digest of what it is told.
    verdicts : mapping of str to str or None
        What the judge said so far, by the digest of query and answer: nothing is asked twice.
    result : JudgeAgreement or None
        What the last whole calibration came to.
    labels : str
        Digest of the labelled answers that it came from.
    date : str
        ISO 8601, UTC.
    """

    evaluator: str
    judge: str
    prompt: str
    verdicts: Mapping[str, str | None] = field(default_factory=dict)
    result: JudgeAgreement | None = None
    labels: str = ""
    date: str = ""

    def counted(self, answers: Sequence[LabelledAnswer]) -> Calibration:
        """It with the result of these answers, on all of which there is a verdict."""
        said = [(one.human, self.verdicts[key_of(one)]) for one in answers]
        labels = codec.digest(sorted([key_of(one), one.human] for one in answers))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(self, result=agreement(self.judge, said), labels=labels, date=now)


def key_of(answer: LabelledAnswer) -> str:
    """What a verdict on an answer is kept under."""
    return codec.digest([answer.query, answer.answer])


def agreement(
    judge: str, pairs: Sequence[tuple[str, str | None]], reading: str = ""
) -> JudgeAgreement:
    """How far a judge's verdicts agree with people's, from pairs of people's and the judge's.

    Examples
    --------
    >>> pairs = [("success", "success")] * 6 + [("failure", "success"), ("failure", "failure")]
    >>> print(agreement("gpt-4.1", pairs))
    agrees with people on 87.5% of 8 answers, κ 0.60
    """
    n = len(pairs)
    agreed = sum(human == said for human, said in pairs)
    return JudgeAgreement(
        judge,
        reading,
        n,
        Interval(agreed / n if n else 0.0, *wilson(agreed, n)),
        kappa([(human, said or "") for human, said in pairs]),
        passed=sum(pair == (FAILURE, SUCCESS) for pair in pairs),
        failures=sum(human == FAILURE for human, _ in pairs),
        failed=sum(pair == (SUCCESS, FAILURE) for pair in pairs),
        successes=sum(human == SUCCESS for human, _ in pairs),
        unread=sum(said is None for _, said in pairs),
    )


def recorded(answers: Sequence[LabelledAnswer]) -> list[JudgeAgreement]:
    """The agreements of the judges that a file records, by reading, the best ones first.

    An answer that a judge's verdict is not recorded for is left out of its row.
    """
    found: dict[tuple[str, str], list[tuple[str, str | None]]] = {}
    for answer in answers:
        for judge, readings in answer.judges.items():
            for reading, said in readings.items():
                found.setdefault((reading, judge), []).append((answer.human, said))
    rows = [agreement(judge, pairs, reading) for (reading, judge), pairs in found.items()]
    return sorted(rows, key=lambda row: (row.reading, -row.agreement.value, row.judge))


def calibrations() -> Path:
    """The folder that calibrations are kept in: ``TOOLGROVE_CALIBRATIONS``, or the user's own."""
    given = os.environ.get("TOOLGROVE_CALIBRATIONS")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_data_path

    return user_data_path("toolgrove", appauthor=False) / "calibrations"


def calibration_file(evaluator: str, prompt: str) -> Path:
    """Where the calibration of an evaluator that asks in these words lies."""
    return calibrations() / f"{safe_name(evaluator)}.{prompt[:12]}.json"


def keep(calibration: Calibration) -> Path:
    """Write a calibration, whole or not at all; returns its file."""
    file = calibration_file(calibration.evaluator, calibration.prompt)
    write_beside(file, [codec.dumps(codec.to_json(calibration)), b"\n"])
    return file


def kept(evaluator: str, prompt: str) -> Calibration | None:
    """The calibration of an evaluator that asks in these words, or None where there is none.

    Raises
    ------
    FormatError
        Where its file is damaged.
    """
    file = calibration_file(evaluator, prompt)
    try:
        found = codec.decode(Calibration, codec.loads(file.read_bytes()))
    except OSError:
        return None
    except ValueError as error:
        why = " ".join(str(error).split())[:200]
        mend = "Remove it, and calibrate the judge again: toolgrove calibrate."
        raise FormatError(str(file), "$", f"a judge's calibration ({why})", mend) from None
    return found if (found.evaluator, found.prompt) == (evaluator, prompt) else None


def calibration_of(score: Score) -> JudgeAgreement | None:
    """What a score carries of its judge's calibration; None where that is nothing, or no judge."""
    try:
        carried = score.details.get(CALIBRATION)
        return None if carried is None else codec.decode(JudgeAgreement, carried)
    except ValueError:  # somebody else's score
        return None


def calibration_words(score: Score) -> str:
    """What there is to say of a judge's score: how far it agrees with people, or that none knows.

    Examples
    --------
    >>> calibration_words(Score(1.0, "solved", "tooleval-pass/1@gpt-5x3", "gpt-5"))
    'no calibration'
    >>> calibration_words(Score(1.0, "20 km", "answer/2"))
    ''
    """
    if score.judge == _CODE:
        return ""
    found = calibration_of(score)
    return NOT_CALIBRATED if found is None else str(found)


def by_evaluator(scores: Iterable[Score]) -> dict[str, JudgeAgreement | None]:
    """The calibrations that scores carry, by evaluator; None of a judge that has none."""
    found: dict[str, JudgeAgreement | None] = {}
    for score in scores:
        if score.judge != _CODE:
            found[score.evaluator] = calibration_of(score) or found.get(score.evaluator)
    return found
