"""The answer check on all tasks of the bundled world: their own answers pass, others do not."""

from __future__ import annotations

from datetime import date

import pytest

from toolgrove.data.records import Reference, Task
from toolgrove.data.world import SPLITS, tasks
from toolgrove.evaluators.answer import check_answer

TASKS = [task for split in SPLITS for task in tasks(split)]
SOLVABLE = [t for t in TASKS if t.reference is not None and t.reference.kind != "unsolvable"]
UNSOLVABLE = [t for t in TASKS if t.reference is not None and t.reference.kind == "unsolvable"]
LONG_UNITS = {
    "kilometer / hour": "km/h",
    "gram / centimeter ** 3": "g/cm³",
    "degree_Celsius": "°C",
    "mile ** 2": "square miles",
    "pound / foot ** 3": "pounds per cubic foot",
}


def written(reference: Reference) -> list[str]:
    """A reference as models write it."""
    match reference.kind:
        case "number":
            figures = [f"{reference.value:.6g}", f"{reference.value:,.4f}"]
            unit = LONG_UNITS.get(reference.unit, reference.unit.replace("**", "^"))
            return [f"{figure} {unit}".strip() for figure in figures]
        case "date" if ":" in reference.value:
            hour, minute = map(int, reference.value.split(":"))
            half = "AM" if hour < 12 else "PM"
            return [reference.value, f"{(hour - 1) % 12 + 1}:{minute:02} {half}"]
        case "date":
            day = date.fromisoformat(reference.value)
            return [reference.value, f"{day:%A}, {day:%B} {day.day}, {day.year}"]
        case "set":
            *rest, last = map(str, reference.value)
            return [f"{', '.join(rest)} and {last}", "\n".join(f"- {v}" for v in reference.value)]
        case _:
            return [str(reference.value), *reference.aliases]


def sentences(task: Task) -> list[str]:
    assert task.reference is not None
    frames = ["{}", "The answer is {}.", "According to the API, it is {}.", "**{}**"]
    said = [frame.format(one) for one in written(task.reference) for frame in frames]
    question = task.query.rstrip("?.")
    return [*said, f"You asked: {question}. The answer is {written(task.reference)[0]}."]


def near(one: Reference, other: Reference) -> bool:
    if one.kind != "number":
        return bool(one.value == other.value)
    return bool(abs(one.value - other.value) <= 0.03 * abs(other.value))


def items(reference: Reference) -> list[object]:
    return list(reference.value) if reference.kind == "set" else [reference.value]


@pytest.mark.parametrize("task", SOLVABLE, ids=lambda task: task.id)
def test_a_task_takes_its_own_answer(task: Task) -> None:
    assert task.reference is not None
    for sentence in sentences(task):
        verdict = check_answer(sentence, task.reference, task.query)
        assert verdict.right, (sentence, verdict)


@pytest.mark.parametrize("task", SOLVABLE, ids=lambda task: task.id)
def test_a_task_refuses_the_answers_of_others_and_a_shrug(task: Task) -> None:
    assert task.reference is not None
    own = {v.casefold() for v in written(task.reference)}
    alike = [t for t in SOLVABLE if t.reference and t.reference.kind == task.reference.kind]
    at = alike.index(task)
    for other in (alike[(at + step) % len(alike)] for step in (1, 2, 5, 11)):
        assert other.reference is not None
        said = written(other.reference)[0]
        if said.casefold() in own or near(other.reference, task.reference):
            continue
        verdict = check_answer(f"The answer is {said}.", task.reference, task.query)
        assert not verdict.right, (said, verdict)
    shrugs = ["I cannot answer this with the tools I have.", ""]
    if not all(str(v).casefold() in task.query.casefold() for v in items(task.reference)):
        shrugs.append(f"Asked: {task.query}")  # but some tasks' answers stand in the question
    for shrug in shrugs:
        assert not check_answer(shrug, task.reference, task.query).right, shrug


@pytest.mark.parametrize("task", UNSOLVABLE, ids=lambda task: task.id)
def test_an_unsolvable_task_takes_only_that_it_cannot_be_done(task: Task) -> None:
    assert task.reference is not None
    for said in (
        "I cannot answer this with the tools I have.",
        "None of the available tools provides this.",
        "Unfortunately, this information is not available.",
        "There is no API for that, so I can't tell.",
        "I'm sorry, but I am unable to look this up.",
    ):
        assert check_answer(said, task.reference, task.query).right, said
    for made_up in ("It is 42.", "The answer is Oslo.", "Yes.", "About 17.5 degrees Celsius."):
        assert not check_answer(made_up, task.reference, task.query).right, made_up


LACKING = [t for t in UNSOLVABLE if t.reference is not None and t.reference.value]


@pytest.mark.parametrize("task", LACKING, ids=lambda task: task.id)
def test_a_task_that_lacks_something_takes_a_question_for_it(task: Task) -> None:
    assert task.reference is not None
    for word in (task.reference.value, *task.reference.aliases):
        for said in (
            f"Could you tell me the {word}?",
            f"I need to know the {word} first. Please provide it.",
            f"Your request does not say which {word} you mean.",
        ):
            assert check_answer(said, task.reference, task.query).right, said
    for guessed in ("It is 42.", "The answer is Oslo.", "Yes.", "Which color do you like?"):
        assert not check_answer(guessed, task.reference, task.query).right, guessed
    guess = f"Assuming the usual {task.reference.value}, it is 1,234.5. Please tell me if not."
    if any(word in task.query.lower() for word in ("how many", "how far", "what do", "payment")):
        assert not check_answer(guess, task.reference, task.query).right, guess
