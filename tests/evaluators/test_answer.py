"""The answer check: right sentences pass, wrong and undecided ones do not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgrove.data.records import Node, NodeState, Reference, Task
from toolgrove.data.tree import ROOT, Ending, SearchTree, child_id
from toolgrove.errors import UnscorableReference
from toolgrove.evaluators.answer import AnswerEvaluator, check_answer
from toolgrove.evaluators.answers.text import LONGEST

KM20 = Reference("number", 20, "km")
MILES = Reference("number", 62.137, "mile")
FEET = Reference("number", 112, "ft")
COUNT = Reference("number", 25, tolerance=0)
WARM = Reference("number", 25, "degC")
LONG = Reference("number", 135, "minute")
FOURTH = Reference("date", "2026-07-04")
MOMENT = Reference("date", "2026-07-04T14:35")
HIGHER = Reference("name", "Denver")
EURO = Reference("set", ["Austria", "Belgium", "Croatia"])
DAYS = Reference("set", ["2026-07-04", "2026-12-25"])
NONE = Reference("unsolvable")
TO_MILES = "Convert 100 km to miles"
WHICH = "Which airport lies higher, JFK or Denver?"
BOTH = "JFK is at 13 ft and LAX at 125 ft"


def named(value: str, *aliases: str) -> Reference:
    return Reference("name", value, aliases=aliases)


RIGHT: list[tuple[Reference, str, str]] = [
    (KM20, "", "12.4 mi"),
    (KM20, "", "The distance is 20 km (12.4 miles)."),
    (KM20, "", "The distance is 20 kilometres, so you need 3 trains."),
    (KM20, "", "20"),
    (KM20, "", "20,000 m"),
    (MILES, TO_MILES, "100 km is 62.14 miles."),
    (MILES, TO_MILES, "100 km equals approximately 62.14."),
    (FEET, "", f"{BOTH}, so the difference is 112 ft."),
    (FEET, "", f"The difference is 112 ft: {BOTH}."),
    (FEET, "", f"The difference is 112 ft, since {BOTH}."),
    (FEET, "", "125 ft - 13 ft = 112 ft"),
    (FEET, "", "LAX lies 112 ft higher (125 ft against 13 ft)."),
    (COUNT, "", "There are 12 in Germany and 13 in France, 25 in total."),
    (COUNT, "", "There are 12 in Germany and 13 in France, making 25 altogether."),
    (COUNT, "", "The answer is **25**."),
    (COUNT, "How many airports has Norway in 2026?", "In 2026 Norway has 25 airports."),
    (COUNT, "", "1. JFK\n2. LAX\nThere are 25 airports."),
    (COUNT, "", "Twenty-five."),
    (COUNT, "", "There are twenty-five of them, one of which moves."),
    (
        Reference("number", 45),
        "How many days from 4 July 2026 to 18 August 2026?",
        "There are 45 days from July 4, 2026 to August 18, 2026.",
    ),
    (WARM, "", "77 °F"),
    (WARM, "", "It is 25 degrees."),
    (WARM, "", "25C"),
    (WARM, "", "298.15 K"),
    (LONG, "", "2 hours and 15 minutes"),
    (LONG, "", "2h15m"),
    (LONG, "", "2.25 h"),
    (Reference("number", 12.5, "percent"), "", "12.5%"),
    (Reference("number", 12.5, "percent"), "", "12.5"),
    (Reference("number", 0.125), "", "12.5 percent"),
    (Reference("number", 18.015, "g/mol"), "", "18.015 u"),
    (Reference("number", 5.5, "hour"), "", "The offset is UTC+05:30."),
    (Reference("number", -5), "", "minus 5"),
    (Reference("number", 3e6), "", "3 million"),
    (Reference("number", 0), "", "0"),
    (Reference("number", 9.99, "USD"), "", "$9.99"),
    (Reference("number", 7, "people"), "", "7 people"),
    (FOURTH, "", "July 4, 2026"),
    (FOURTH, "", "Saturday, 4 July 2026"),
    (FOURTH, "", "It falls on July 4, 2026 (Saturday)."),
    (FOURTH, "When is it in 2026?", "July 4"),
    (FOURTH, "60 days after 2026-05-05?", "60 days after 2026-05-05 is 2026-07-04."),
    (MOMENT, "", "July 4, 2026 at 2:35 PM"),
    (MOMENT, "", "2026-07-04T14:35:00Z"),
    (MOMENT, "What is 2026-07-04 08:35 in New York in Oslo?", "14:35"),
    (Reference("text", "14:35"), "", "It will be 2:35 p.m. there."),
    (Reference("text", "14:35"), "When it is 08:35?", "When it is 08:35 here it is 14:35 there."),
    (named("Zürich Airport"), "", "The airport is zurich airport."),
    (named("LHR"), "", "Its code is LHR."),
    (named("NO"), "", "The code is NO."),
    (named("Paris"), "", "Not London but Paris."),
    (named("LGW"), "", "Of LHR, LGW and STN the answer is LGW."),
    (named("Heathrow Airport"), "", "Heathrow Airport, London, United Kingdom"),
    (named("John F. Kennedy International Airport", "JFK"), "", "JFK"),
    (named("O'Hare"), "", "O’Hare International"),
    (named("Trinidad and Tobago"), "", "It is Trinidad & Tobago."),
    (named("Saturday"), "", "It is a Saturday."),
    (HIGHER, WHICH, "Denver lies higher than JFK."),
    (HIGHER, WHICH, "Of JFK and Denver, the answer is Denver."),
    (Reference("text", "yes"), "", "Yes, it is; no flights then."),
    (EURO, "", "Austria, Belgium, and Croatia"),
    (EURO, "", "They are:\n- Austria\n- Belgium\n- Croatia\n"),
    (EURO, "", "In Europe, Austria (AT), Belgium (BE) and Croatia (HR) use the euro."),
    (DAYS, "", "July 4, 2026 and December 25, 2026"),
    (Reference("set", ["3", "5"]), "", "3 and 5"),
    (NONE, "", "I cannot provide that with the tools I have."),
    (NONE, "", "Unfortunately there is no tool for stock prices."),
    (NONE, "", "The tools do not provide stock prices."),
]

WRONG: list[tuple[Reference, str, str]] = [
    (KM20, "", "20 km or 25 km"),
    (KM20, "", "20 miles"),
    (KM20, "", "It takes 20 minutes."),
    (KM20, "", "It is far."),
    (MILES, TO_MILES, "100 km is 100 miles."),
    (FEET, "", "125 ft, 13 ft, 112 ft"),
    (COUNT, "", "There are 12 in Germany and 13 in France."),
    (COUNT, "", "The answer is 24 or 25."),
    (COUNT, "", "The answer is 26."),
    (COUNT, "", "Flight A25 leaves on the 25th at 25:00."),
    (COUNT, "", "It was built in the 25s."),
    (Reference("number", -5), "", "5"),
    (Reference("number", 0), "", "1"),
    (Reference("number", 9.99, "USD"), "", "€9.99"),
    (FOURTH, "", "Friday, 4 July 2026"),
    (FOURTH, "", "It is on 2026-07-04 or 2026-07-05."),
    (FOURTH, "When is it?", "July 4"),
    (FOURTH, "", "I do not know."),
    (MOMENT, "", "July 4, 2026 at 2:36 PM"),
    (MOMENT, "", "It is 14:35."),
    (named("Oslo"), "", "Oslofjord"),
    (named("NO"), "", "I have no idea"),
    (named("Paris"), "", "Paris or London"),
    (named("Paris"), "", "It is not Paris."),
    (named("LGW"), "", "The airports are LHR, LGW and STN."),
    (named("LGW"), "", "- LHR\n- LGW\n- STN"),
    (named("Saturday"), "", "Saturday, Sunday"),
    (HIGHER, WHICH, "JFK lies higher than Denver."),
    (named("gold"), "Which is heavier, silver or gold?", "Silver is heavier than gold."),
    (Reference("text", "no"), "", "Yes."),
    (EURO, "", "Austria, Belgium"),
    (EURO, "", "Austria, Belgium, Bulgaria, and Croatia"),
    (EURO, "", "They are:\n- Austria\n- Belgium\n- Croatia\n- Denmark"),
    (EURO, "", "Austria, Belgium, Croatia, Denmark."),
    (EURO, "", "They are Denmark, Austria, Belgium and Croatia."),
    (Reference("set", ["Guinea", "Equatorial Guinea"]), "", "Equatorial Guinea"),
    (DAYS, "", "July 4, 2026, July 5, 2026 and December 25, 2026"),
    (Reference("set", ["3", "5"]), "", "3, 4 and 5"),
    (NONE, "", "It will be 42 dollars."),
    (NONE, "", "I could not find live data, but it is about 42 dollars."),
]


@pytest.mark.parametrize(("reference", "query", "answer"), RIGHT)
def test_a_right_answer_passes(reference: Reference, query: str, answer: str) -> None:
    verdict = check_answer(answer, reference, query)
    assert verdict.right, verdict


@pytest.mark.parametrize(("reference", "query", "answer"), WRONG)
def test_a_wrong_or_undecided_answer_fails(reference: Reference, query: str, answer: str) -> None:
    verdict = check_answer(answer, reference, query)
    assert not verdict.right, verdict


def test_several_candidates_are_told_from_a_plainly_wrong_answer() -> None:
    assert check_answer("20 km or 25 km", KM20).ambiguous
    assert not check_answer("25 km", KM20).ambiguous


@pytest.mark.parametrize(
    "reference",
    [
        Reference("poem", "x"),
        Reference("number", "twelve"),
        Reference("date", "soon"),
        Reference("date", "2026-02-30"),
        Reference("date", "25:70"),
        Reference("number", 10**400),
        Reference("set", []),
    ],
)
def test_a_malformed_reference_is_an_error_not_a_wrong_answer(reference: Reference) -> None:
    with pytest.raises(UnscorableReference):
        check_answer("12", reference)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Tea costs 51.75 NOK.", True),
        ("Tea costs NOK 51.75.", True),
        ("Tea costs 51.75 Norwegian kroner.", True),
        ("Tea costs 51.75 kr.", True),
        ("Tea costs 51.75.", True),
        ("Tea costs 4.50 EUR, which is 51.75 NOK.", True),
        ("Tea costs 4.50 euros, which is 51.75 kroner.", True),
        ("Tea costs 51.75 EUR.", False),
        ("Tea costs SEK 51.75.", False),
        ("Tea costs 51.75 Swedish kronor.", False),
        ("Tea costs 51.75 dollars.", False),
        ("Tea costs $51.75.", False),
        ("Tea costs €51.75.", False),
    ],
)
@pytest.mark.parametrize("query", ["What does tea cost in NOK?", "Tea is 4.5 EUR. And in NOK?"])
def test_an_amount_of_money_is_right_in_its_own_currency_only(
    answer: str, right: bool, query: str
) -> None:
    assert check_answer(answer, Reference("number", 51.75, "NOK"), query).right is right


def test_a_currency_s_sign_or_name_that_others_share_is_its_own_too() -> None:
    assert check_answer("It is $9.99.", Reference("number", 9.99, "AUD")).right
    assert check_answer("It is 9.99 dollars.", Reference("number", 9.99, "usd")).right
    assert not check_answer("It is £9.99.", Reference("number", 9.99, "USD")).right


def test_a_name_that_looks_like_a_time_of_day_and_is_none_is_a_name() -> None:
    assert check_answer("The code is 25:70.", Reference("name", "25:70")).right


# --- properties ------------------------------------------------------------------------------

SENTENCES = [
    "{}",
    "The answer is {}.",
    "It is about {}, as the API says.",
    "**{}**",
    "I looked it up: {}",
    "On 2026-07-04 at 14:35 it was {} (flight A320).",
]
UNITS = {
    "km": ["km", " km", " kilometres", " kilometers"],
    "kg": ["kg", " kg", " kilograms"],
    "percent": ["%", " percent"],
    "km/h": [" km/h", " kilometers per hour"],
    "": [""],
}


def grouped(digits: str, comma: str, point: str) -> str:
    return digits.replace(",", "\x00").replace(".", point).replace("\x00", comma)


WRITTEN = [
    lambda v: f"{v}",
    lambda v: f"{v:,}",
    lambda v: grouped(f"{v:,.2f}", " ", "."),
    lambda v: grouped(f"{v:,.2f}", "\u202f", ","),
    lambda v: grouped(f"{v:,.2f}", "'", "."),
    lambda v: grouped(f"{v:,.2f}", ".", ","),
    lambda v: f"{v:.6e}",
    lambda v: f"{v / 1e6:.8f} million",
    lambda v: f"{v:.2f}".replace("-", "−"),
]
cents = st.integers(-(10**9), 10**9).map(lambda i: i / 100)


@given(
    cents,
    st.sampled_from(WRITTEN),
    st.sampled_from([(u, w) for u, words in UNITS.items() for w in words]),
    st.sampled_from(SENTENCES),
)
def test_a_number_passes_however_it_is_written(
    value: float, write: Any, unit: tuple[str, str], sentence: str
) -> None:
    said = write(value)
    answer = sentence.format(said + (" " if said[-1].isalpha() else "") + unit[1])
    verdict = check_answer(answer, Reference("number", value, unit[0], tolerance=1e-3))
    assert verdict.right, (answer, verdict)


@given(
    cents.filter(lambda v: abs(v) >= 1),
    st.floats(0.012, 10) | st.floats(-10, -0.012),
    st.sampled_from(WRITTEN),
    st.sampled_from(SENTENCES),
)
def test_a_number_off_by_more_than_the_tolerance_fails(
    value: float, off: float, write: Any, sentence: str
) -> None:
    wrong = round(value * (1 + off), 2)
    if abs(wrong - value) <= 0.011 * abs(value):  # rounding has brought it back
        return
    answer = sentence.format(write(wrong) + " km")
    assert not check_answer(answer, Reference("number", value, "km")).right, answer


@given(cents.filter(lambda v: v != 0), st.sampled_from(["mile", "m", "nautical_mile", "foot"]))
def test_another_unit_of_the_same_kind_passes(value: float, unit: str) -> None:
    from toolgrove.evaluators.answers.units import convert

    said = f"{convert(value, 'km', unit):.6e} {unit.replace('_', ' ')}"
    assert check_answer(f"It is {said}.", Reference("number", value, "km")).right, said


MONTHS = "January February March April May June July August September October November December"
DATES = [
    lambda d: d.isoformat(),
    lambda d: d.strftime("%Y/%m/%d"),
    lambda d: f"{MONTHS.split()[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{MONTHS.split()[d.month - 1][:3]}. {d.day} {d.year}",
    lambda d: f"{d.day} {MONTHS.split()[d.month - 1]} {d.year}",
    lambda d: f"the {d.day}th of {MONTHS.split()[d.month - 1]}, {d.year}",
    lambda d: f"{d.day:02}-{MONTHS.split()[d.month - 1][:3]}-{d.year}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
    lambda d: f"{WEEK[d.weekday()]}, {d.day} {MONTHS.split()[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS.split()[d.month - 1]} {d.day}, {d.year} ({WEEK[d.weekday()]})",
]
WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
days = st.dates(min_value=date(1900, 1, 1))


@given(days.filter(lambda d: d.year < 2500), st.sampled_from(DATES), st.sampled_from(SENTENCES[:5]))
def test_a_date_passes_however_it_is_written(day: Any, write: Any, sentence: str) -> None:
    answer = sentence.format(write(day))
    assert check_answer(answer, Reference("date", day.isoformat())).right, answer


@given(days, days, st.sampled_from(DATES))
def test_another_date_fails(day: Any, other: Any, write: Any) -> None:
    right = check_answer(write(other), Reference("date", day.isoformat())).right
    assert right == (day == other)


NAMES = [
    "São Paulo–Guarulhos", "Łódź", "Côte d'Ivoire", "Reykjavík", "New York", "LHR", "Æ", "C++",
    "3M", "Trinidad and Tobago", "Curaçao", "Hồ Chí Minh", "St. Gallen", "Ås",
]  # fmt: skip


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(SENTENCES[:5]))
def test_a_name_passes_in_a_sentence_and_no_other_does(one: str, other: str, say: str) -> None:
    assert check_answer(say.format(other), named(one)).right == (one == other)


@given(st.sets(st.sampled_from(NAMES), min_size=3), st.data())
def test_a_set_passes_whole_and_fails_with_one_missing_or_one_more(
    items: set[str], data: st.DataObject
) -> None:
    *rest, last = sorted(items)
    answer = f"They are {', '.join(rest)} and {last}."
    assert check_answer(answer, Reference("set", sorted(items))).right, answer
    assert not check_answer(answer, Reference("set", [*sorted(items), "Oslo"])).right
    left_out = data.draw(st.sampled_from(rest[1:]))
    fewer = sorted(items - {left_out})
    assert not check_answer(answer, Reference("set", fewer)).right, (answer, fewer)


REFERENCES = [KM20, COUNT, FOURTH, MOMENT, EURO, DAYS, NONE, HIGHER, Reference("text", "14:35")]


@given(st.text(), st.text(), st.sampled_from(REFERENCES))
@settings(max_examples=300)
def test_no_text_breaks_the_check(answer: str, query: str, reference: Reference) -> None:
    check_answer(answer, reference, query)


@pytest.mark.parametrize("piece", ["1,", "1 ", "A, ", "answer is ", "July 4, ", "(", "5 h ", "A "])
def test_a_runaway_answer_costs_what_its_end_costs(piece: str) -> None:
    runaway = piece * 200_000
    for reference in REFERENCES:
        verdict = check_answer(runaway, reference)
        assert verdict == check_answer(runaway[-LONGEST:], reference)


# --- the evaluator ---------------------------------------------------------------------------


def tree_of(
    reference: Reference | None, *states: NodeState, answer: str | None = None, **meta: Any
) -> SearchTree:
    ending = Ending(meta.pop("ended")) if "ended" in meta else None
    tree = SearchTree(Task("1", "How far?", reference=reference), meta=meta, ending=ending)
    tree.add(Node(ROOT, None))
    for i, state in enumerate(states):
        said = answer if state is NodeState.ANSWERED else None
        tree.add(Node(child_id(ROOT, i), ROOT, i, state=state, answer=said))
    return tree


async def test_scores_say_who_judged_what_when_and_in_which_world() -> None:
    tree = tree_of(KM20, NodeState.ANSWERED, answer="20 km", ended="answered", world="7")
    score = await AnswerEvaluator().score(tree)
    assert (score.value, score.evaluator, score.judge, score.world) == (
        1.0, "answer/2", "code", "7",
    )  # fmt: skip
    assert score.date.endswith("+00:00")


async def test_an_infrastructure_failure_is_never_counted_as_a_wrong_answer() -> None:
    """Promise 10, for a run whose journal was cut short."""
    score = await AnswerEvaluator().score(tree_of(KM20, NodeState.OPEN, ended=None))
    assert score.value is None
    assert score.infrastructure


@pytest.mark.parametrize("ended", ["exhausted", "model_calls", "seconds"])
async def test_a_run_without_an_answer_counts_as_wrong(ended: str) -> None:
    score = await AnswerEvaluator().score(tree_of(KM20, NodeState.GAVE_UP, ended=ended))
    assert score.value == 0.0
    assert not score.infrastructure


@pytest.mark.parametrize(
    ("state", "ended", "value"),
    [
        (NodeState.GAVE_UP, "exhausted", 1.0),
        (NodeState.GAVE_UP, "model_calls", 0.0),
        (NodeState.PRUNED, "exhausted", 0.0),
    ],
)
async def test_giving_up_is_right_where_nothing_can_answer(
    state: NodeState, ended: str, value: float
) -> None:
    score = await AnswerEvaluator().score(tree_of(NONE, state, ended=ended))
    assert score.value == value


async def test_no_reference_no_opinion() -> None:
    score = await AnswerEvaluator().score(tree_of(None, NodeState.ANSWERED, answer="20 km"))
    assert score.value is None
    assert not score.infrastructure
