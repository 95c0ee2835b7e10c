"""How far ``answer/2`` agrees with labelled answers to the bundled world's tasks.

    python benchmarks/answers.py FILE [--show]

FILE has one JSON object a line with ``task`` (an id of the world), ``answer``, ``label`` (``right``
or ``wrong``), ``style`` and, where the label is a matter of opinion, ``debatable``: those do not
count. Printed are right and wrong answers by what became of them, overall and by style; an answer
agrees where it passed and is right, or did not pass and is wrong. ``--show`` prints what differs.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from toolgrove.data.world.tasks import tasks
from toolgrove.evaluators.answer import AnswerEvaluator, check_answer

COLUMNS = ("passed", "failed", "undecided")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--show", action="store_true", help="print the answers that differ")
    options = parser.parse_args()
    by_id = {task.id: task for task in tasks()}
    counts: Counter[tuple[str, str, str]] = Counter()
    for line in options.file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get("debatable"):
            continue
        task = by_id[row["task"]]
        assert task.reference is not None
        verdict = check_answer(row["answer"], task.reference, task.query)
        became = "passed" if verdict.right else "undecided" if verdict.ambiguous else "failed"
        for style in ("all", row.get("style") or "-"):
            counts[style, row["label"], became] += 1
        if options.show and verdict.right != (row["label"] == "right"):
            print(f"{row['label']}, {became}: {row['task']}: {row['answer']!r}: {verdict.reason}")
    report(counts)


def report(counts: Counter[tuple[str, str, str]]) -> None:
    """The confusion table, overall first."""
    print(
        f"{AnswerEvaluator.name:18} right: {' '.join(COLUMNS)}   wrong: {' '.join(COLUMNS)}   agree"
    )
    for style in ("all", *sorted({style for style, _, _ in counts} - {"all"})):
        right = [counts[style, "right", column] for column in COLUMNS]
        wrong = [counts[style, "wrong", column] for column in COLUMNS]
        agreed, n = right[0] + wrong[1] + wrong[2], sum(right) + sum(wrong)
        cells = (
            "".join(f"{c:>10}" for c in right) + "         " + "".join(f"{c:>10}" for c in wrong)
        )
        passed = f", {wrong[0] / sum(wrong):.1%} of wrong ones passed" if sum(wrong) else ""
        print(f"{style:18}       {cells}   {agreed}/{n} = {agreed / n:.1%}{passed}")


if __name__ == "__main__":
    main()
