"""Every one of the ninety bad inputs names tests that exist: none is forgotten, none lost its proof by a new name."""

from __future__ import annotations

import pytest

from tests.structure.proofs import exists
from tests.unit.extract.bad_inputs.index import INDEX


def test_every_number_is_there():
    assert list(INDEX) == list(range(1, 91))


@pytest.mark.parametrize("number", INDEX)
def test_every_proof_exists(number):
    assert INDEX[number], "a bad input without a proof"
    assert [proof for proof in INDEX[number] if not exists(proof)] == []


@pytest.mark.parametrize(
    "proof",
    [
        "tests/unit/extract/bad_inputs/test_cases.py::test_bad_input[91-nothing]",
        "tests/unit/extract/bad_inputs/test_cases.py::test_nothing",
        "tests/unit/nothing.py::test_bad_input",
        "dbt:base_orders__nothing",
    ],
)
def test_a_proof_that_is_not_there_is_found(proof):
    assert not exists(proof)
