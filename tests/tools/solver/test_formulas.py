"""Of a text in SMT-LIB 2 only declarations and assertions reach z3; all else is refused or left."""

from __future__ import annotations

import pytest

from toolgrove.tools.solver.formulas import claim_of, premises_of

COMMANDS = [
    '(set-option :regular-output-channel "/tmp/out")',
    '(set-option :diagnostic-output-channel "/tmp/out")',
    '(include "/etc/passwd")',
    '(echo "hello")',
    "(get-info :all-statistics)",
    "(push 1)",
    "(reset)",
    "(eval x)",
    "(check-sat-using (then simplify smt))",
    "(declare-tactic t skip)",
    "(minimize x)",
    "(|echo| 1)",
    "((echo) 1)",
    "()",
    "x",
]
HIDDEN = [
    "#| (assert true) |# (echo 1)",
    '|a\\| (echo "b|")',
    '(assert (= "a\\" "b")) (echo 1)',
    "(assert true) ; a comment\r(echo 1)",
    '(assert (or ; "\r true))(echo 1)',
    "(assert true) ; not ASCII: é\n(echo 1)",
    "(assert true)\x00(echo 1)",
    "(assert [true])",
    '(assert "never closed) (echo 1)',
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_refused_with_its_line_and_the_mend(command: str) -> None:
    with pytest.raises(ValueError, match=r"^formulas, line 2: .*Write declarations and"):
        premises_of(f"(assert true)\n{command}")


@pytest.mark.parametrize("text", HIDDEN)
def test_no_command_hides_behind_what_z3_reads_otherwise(text: str) -> None:
    with pytest.raises(ValueError, match=r"^formulas, line \d: "):
        premises_of(text)


def test_what_a_comment_or_a_name_holds_is_no_command() -> None:
    text = '; (echo 1)\n(declare-const |(echo 1)| Bool)\n(assert (= "(echo "" 1)" "") )'
    assert premises_of(text) == text.replace("; (echo 1)", " " * 10)


def test_questions_that_are_asked_anyway_are_passed_over() -> None:
    text = "(set-logic QF_LIA)\n(declare-const x Int)(check-sat)(get-model)\n(exit)"
    assert premises_of(text).split("\n") == [" " * 18, "(declare-const x Int)" + " " * 22, " " * 6]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(assert true", r"line 1: 1 '\)' missing to what begins here"),
        ("(assert true)\n)", r"line 2: a '\)' too many"),
        (" " * 20_001, "20,001 characters"),
    ],
)
def test_a_text_that_is_not_whole_says_where(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        premises_of(text)


@pytest.mark.parametrize("claim", ["(> x 1) (> x 2)", "(declare-const y Int)", "(check-sat)", ";"])
def test_a_claim_is_one_term(claim: str) -> None:
    with pytest.raises(ValueError, match="claim: write one term"):
        claim_of(claim)
