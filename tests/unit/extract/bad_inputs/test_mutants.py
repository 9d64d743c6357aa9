"""Two hundred mutants in every run of the tests; ten thousand by `make mutants`."""

from __future__ import annotations

import pytest

from tests.unit.extract.bad_inputs.mutants import run


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_mutants_are_accounted_for_or_refused(first):
    counts, broken = run(range(first, first + 25))
    assert not broken, "\n".join(f"seed {seed}: {what}" for seed, what in broken.items())
    assert counts["landed"] + counts["landed in part"] > 0
