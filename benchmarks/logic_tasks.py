"""Logic and scheduling puzzles with one right answer, drawn by seed: words, formulas, the answer.

A puzzle hides an assignment of numbers to names. Clues that are true of it are added until a search
through all assignments finds no other; then the question has one answer, which code knows. Others
ask whether something follows from rules: it does, its contrary does, or, where a fact is left out,
neither. Each clue is a sentence for the model and a term of SMT-LIB 2, so that a test can hold z3's
verdict against the answer (``tests/tools/solver/test_logic_tasks.py``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from toolgrove.data.records import Reference, Task

__all__ = ["FAMILIES", "Puzzle", "puzzles"]

Assignment = dict[str, int]
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ines", "Jon")


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that is true of the hidden assignment: in words, as a term, as a check."""

    words: str
    term: str
    holds: Callable[[Assignment], bool]


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A task, and the formulas that say the same.

    Parameters
    ----------
    task : Task
    formulas : str
    claim : str
        A term whose verdict is the answer; else the value of ``goal`` is.
    goal : str
        The word whose value in the model is the answer; or, as ``=2``, the value whose word is.
    """

    task: Task
    formulas: str
    claim: str = ""
    goal: str = ""


def puzzles(seed: int, each: int = 4) -> list[Puzzle]:
    """As many of each family, the families taking turns; the same seed, the same puzzles."""
    draw = random.Random(seed)
    return [made(draw, f"{name}-{i}", i) for i in range(each) for name, made in FAMILIES.items()]


def _solutions(space: Iterable[Assignment], clues: Sequence[Clue]) -> list[Assignment]:
    return [one for one in space if all(clue.holds(one) for clue in clues)]


def _unique(
    draw: random.Random, space: Sequence[Assignment], clues: Sequence[Clue], hidden: Assignment
) -> list[Clue]:
    """Clues, as few as it takes going through them once, that leave the hidden assignment alone."""
    true = [clue for clue in clues if clue.holds(hidden)]
    draw.shuffle(true)
    chosen: list[Clue] = []
    left = list(space)
    for clue in true:
        fewer = [one for one in left if clue.holds(one)]
        if len(fewer) < len(left):
            chosen.append(clue)
            left = fewer
        if len(left) == 1:
            break
    for clue in list(chosen):
        rest = [one for one in chosen if one is not clue]
        if len(_solutions(space, rest)) == 1:
            chosen = rest
    return chosen


def _places(
    draw: random.Random, names: Sequence[str], first: int, words: Sequence[str]
) -> tuple[Assignment, list[Assignment], list[Clue]]:
    """Who has which of as many places: before, right before, not at, between."""
    places = range(first, first + len(names))
    space = [dict(zip(names, order, strict=True)) for order in permutations(places)]
    before, next_to, not_at = words
    clues: list[Clue] = []
    for a, b in permutations(names, 2):
        clues.append(Clue(before.format(a=a, b=b), f"(< {a} {b})", lambda s, a=a, b=b: s[a] < s[b]))
        clues.append(
            Clue(
                next_to.format(a=a, b=b),
                f"(= (+ {a} 1) {b})",
                lambda s, a=a, b=b: s[a] + 1 == s[b],
            )
        )
    for a, place in product(names, places):
        clues.append(
            Clue(
                not_at.format(a=a, p=place),
                f"(not (= {a} {place}))",
                lambda s, a=a, p=place: s[a] != p,
            )
        )
    return draw.choice(space), space, clues


def _declared(names: Sequence[str], low: int, high: int) -> str:
    return "\n".join(f"(declare-const {n} Int)(assert (<= {low} {n} {high}))" for n in names)


def _asserted(clues: Sequence[Clue]) -> str:
    return "\n".join(f"(assert {clue.term})" for clue in clues)


def _said(sentences: Iterable[str]) -> str:
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in sentences)


def race(draw: random.Random, name: str, wording: int) -> Puzzle:
    """Who came in at a place."""
    who = sorted(draw.sample(NAMES, 4))
    words = ("{a} came in before {b}", "{a} came in right before {b}", "{a} did not take place {p}")
    hidden, space, clues = _places(draw, who, 1, words)
    chosen = _unique(draw, space, clues, hidden)
    place = draw.randint(1, 4)
    (right,) = (one for one in who if hidden[one] == place)
    people = f"{', '.join(who[:-1])} and {who[-1]}"
    query = (
        f"{people} ran a race, in which no two came in together. {{}} Who took place {place}?",
        f"In a race of {people} nobody tied. {{}} Name who came in at place {place}.",
        f"Who took place {place} in the race of {people}, with no ties? This is known: {{}}",
    )[wording % 3].format(_said(clue.words for clue in chosen))
    formulas = f"{_declared(who, 1, 4)}\n(assert (distinct {' '.join(who)}))\n{_asserted(chosen)}"
    return Puzzle(_task(name, query, Reference("name", right)), formulas, goal=f"={place}")


def room(draw: random.Random, name: str, wording: int) -> Puzzle:
    """At which hour somebody has a room that is free for one at a time."""
    who = sorted(draw.sample(NAMES, 4))
    words = (
        "{a} has the room earlier than {b}",
        "{b} has it in the hour after {a}",
        "{a} cannot begin at {p}",
    )
    hidden, space, clues = _places(draw, who, 9, words)
    chosen = _unique(draw, space, clues, hidden)
    asked = draw.choice(who)
    people = f"{', '.join(who[:-1])} and {who[-1]}"
    query = (
        f"One room is free from 9 to 13. {people} each need it for one hour, from a full hour on. "
        f"{{}} At which hour does {asked} begin?",
        f"{people} share a room, one at a time, an hour each, beginning at 9, 10, 11 and 12 in "
        f"some order. {{}} When does {asked} begin? Give the hour as a number.",
        f"Plan four meetings of an hour between 9 and 13 in one room, for {people}. {{}} Which is "
        f"the only hour at which {asked} can begin?",
    )[wording % 3].format(_said(clue.words for clue in chosen))
    formulas = f"{_declared(who, 9, 12)}\n(assert (distinct {' '.join(who)}))\n{_asserted(chosen)}"
    right = Reference("number", hidden[asked], tolerance=0)
    return Puzzle(_task(name, query, right), formulas, goal=asked)


def ages(draw: random.Random, name: str, wording: int) -> Puzzle:
    """How old somebody is, from sums and differences."""
    who = sorted(draw.sample(NAMES, 3))
    a, b, c = draw.sample(who, 3)
    hidden = dict(zip(who, draw.sample(range(5, 20), 3), strict=True))
    total, gap = sum(hidden.values()), hidden[a] - hidden[b]
    other = hidden[b] + hidden[c]
    far = f"{abs(gap)} years {'older' if gap > 0 else 'younger'} than"
    said = (
        f"Together {who[0]}, {who[1]} and {who[2]} are {total} years old. {a} is {far} {b}. "
        f"{b} and {c} together are {other}."
    )
    query = (
        f"{said} How old is {c}?",
        f"How old is {c}, if this is so: {said}",
        f"Work out {c}'s age in years. {said}",
    )[wording % 3]
    older, younger = (a, b) if gap > 0 else (b, a)
    terms = (
        f"(= (+ {' '.join(who)}) {total})",
        f"(= (- {older} {younger}) {abs(gap)})",
        f"(= (+ {b} {c}) {other})",
    )
    formulas = _declared(who, 0, 99) + "\n" + "\n".join(f"(assert {term})" for term in terms)
    right = Reference("number", hidden[c], tolerance=0)
    return Puzzle(_task(name, query, right), formulas, goal=c)


def island(draw: random.Random, name: str, wording: int) -> Puzzle:
    """Knights always tell the truth and knaves never do: which kind is somebody?"""
    who = sorted(draw.sample(NAMES, 3))
    space = [dict(zip(who, kinds, strict=True)) for kinds in product((0, 1), repeat=3)]
    while True:
        hidden = draw.choice(space)
        clues = [_statement(draw, who, speaker, hidden) for speaker in who]
        if len(_solutions(space, clues)) == 1:
            break
    asked = draw.choice(who)
    said = _said(clue.words for clue in clues)
    query = (
        f"On an island knights always tell the truth and knaves always lie. {said} Is {asked} a "
        "knight? Answer yes or no.",
        f"{', '.join(who)}: each is a knight, who only says what is true, or a knave, who only "
        f"says what is false. {said} Answer yes or no: {asked} is a knight.",
        f"Is {asked} a knight (who always tells the truth) and not a knave (who always lies)? "
        f"{said} Say yes or no.",
    )[wording % 3]
    formulas = "\n".join(f"(declare-const {n} Bool)" for n in who) + "\n" + _asserted(clues)
    right = Reference("name", "yes" if hidden[asked] else "no")
    return Puzzle(_task(name, query, right), formulas, claim=asked)


def _statement(draw: random.Random, who: Sequence[str], speaker: str, hidden: Assignment) -> Clue:
    """What somebody of the island says, true or false as they are."""
    a, b = draw.sample([one for one in who if one != speaker], 2)
    said: list[tuple[str, str, Callable[[Assignment], bool]]] = [
        (f"{a} is a knave", f"(not {a})", lambda s: not s[a]),
        (f"{a} is a knight", a, lambda s: bool(s[a])),
        (f"{a} and {b} are of the same kind", f"(= {a} {b})", lambda s: s[a] == s[b]),
        (f"{a} or {b} is a knight", f"(or {a} {b})", lambda s: bool(s[a] or s[b])),
    ]
    fits = [one for one in said if one[2](hidden) == bool(hidden[speaker])]
    words, term, true = draw.choice(fits or said)
    return Clue(
        f'{speaker} says: "{words}"',
        f"(= {speaker} {term})",
        lambda s: bool(s[speaker]) == true(s),
    )


def rules(draw: random.Random, name: str, wording: int) -> Puzzle:
    """Whether something follows from rules and facts: yes, no, or not to be told."""
    letters = draw.sample(("raining", "cold", "dark", "late", "windy", "quiet"), 5)
    a, b, c, d, e = letters
    clues = [
        (f"if it is {a}, it is {b}", f"(=> {a} {b})"),
        (f"if it is {b} and not {c}, it is {d}", f"(=> (and {b} (not {c})) {d})"),
        (f"if it is {d}, it is not {e}", f"(=> {d} (not {e}))"),
        (f"it is {a}", a),
        (f"it is not {c}", f"(not {c})"),
    ]
    verdict = ("yes", "no", "unknown")[draw.randrange(3)]
    asked = {"yes": d, "no": e, "unknown": draw.choice((d, e))}[verdict]
    if verdict == "unknown":
        del clues[draw.choice((3, 4))]
    order = draw.sample(clues, len(clues))
    said = _said([words for words, _ in order])
    query = (
        f"{said} Does it follow that it is {asked}? Answer yes, no (it follows that it is not) or "
        "unknown.",
        f"Is it {asked}? Say yes, no or unknown, by what is told here alone. {said}",
        f"Rules and facts: {said} Decide whether it is {asked}: yes, no, or unknown where neither "
        "follows.",
    )[wording % 3]
    formulas = "\n".join(f"(declare-const {one} Bool)" for one in letters)
    formulas += "\n" + "\n".join(f"(assert {term})" for _, term in order)
    right = Reference("name", verdict, aliases=("cannot be told",) if verdict == "unknown" else ())
    return Puzzle(_task(name, query, right), formulas, claim=asked)


def _task(name: str, query: str, right: Reference) -> Task:
    return Task(name, query, tools=(), group=name.partition("-")[0], reference=right)


FAMILIES: dict[str, Callable[[random.Random, str, int], Puzzle]] = {
    "race": race, "room": room, "ages": ages, "island": island, "rules": rules,
}  # fmt: skip
