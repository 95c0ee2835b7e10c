"""Rule ``tau2/1`` against the package's own tools and database, where it is installed."""

from __future__ import annotations

import pytest

from toolgrove.errors import UsageError
from toolgrove.evaluators.tau.package import DOMAINS, domain
from toolgrove.evaluators.tau.scoring import judge
from toolgrove.evaluators.tau.trajectories import criteria_of
from toolgrove.evaluators.tau.verifying import made_for


@pytest.mark.parametrize("name", DOMAINS)
def test_every_tasks_own_calls_pass_and_other_ends_fail(name: str) -> None:
    try:
        place = domain(name)
    except UsageError as error:
        pytest.skip(str(error))
    for key, task in place.tasks.items():
        criteria = criteria_of(task)
        for form, one in made_for(key, criteria, place):
            valid, reason = judge(one, criteria, place)
            if form.startswith("right"):
                assert valid is True, (key, form, reason)
            elif form.endswith("untold") or form in ("cut off", "one call more"):
                assert valid is False, (key, form)
