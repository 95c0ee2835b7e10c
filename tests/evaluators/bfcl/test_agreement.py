"""Rule ``bfcl/4`` against BFCL's own checker, where that can be imported."""

from __future__ import annotations

import pytest

from toolgrove.errors import UsageError
from toolgrove.evaluators.bfcl.package import CATEGORIES, items
from toolgrove.evaluators.bfcl.reference import OwnChecker
from toolgrove.evaluators.bfcl.scoring import judge
from toolgrove.evaluators.bfcl.verifying import _FORMS, outputs_for


@pytest.fixture(scope="module")
def reference() -> OwnChecker:
    try:
        return OwnChecker()
    except UsageError as error:
        pytest.skip(str(error))


@pytest.mark.filterwarnings("ignore")  # of tree-sitter, and of code that models write
@pytest.mark.parametrize("category", CATEGORIES)
def test_the_verdicts_are_those_of_bfcls_own_checker(category: str, reference: OwnChecker) -> None:
    some = list(items(category).values())[:: 1 if "multi_turn" not in category else 20][:20]
    for item in some:
        for form, output in outputs_for(item):
            ours = not judge(output, item, _FORMS[form])
            assert ours is bool(reference.valid(output, item, form)), (item.id, form, output)
