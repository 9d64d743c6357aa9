"""Every one of the ninety bad inputs names tests that exist: none is forgotten, none lost its proof by a new name."""

from __future__ import annotations

import ast
from functools import cache

import pytest
import yaml

from tests.structure.project import ROOT, files
from tests.unit.extract.bad_inputs.index import INDEX


@cache
def _written(path: str) -> tuple[frozenset[str], frozenset[str]]:
    """The tests of a file, and the texts that stand in it: the ids of parameters are among them."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tests = {each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}
    texts = {each.value for each in ast.walk(tree) if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return frozenset(tests), frozenset(texts)


@cache
def _unit_tests() -> frozenset[str]:
    """The unit tests of the models."""
    described = [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in files("dbt_project/models", "*.yml", 20)]
    return frozenset(test["name"] for each in described for test in each.get("unit_tests") or ())


def _exists(proof: str) -> bool:
    if proof.startswith("dbt:"):
        return proof.removeprefix("dbt:") in _unit_tests()
    path, _, node = proof.partition("::")
    test, _, parameter = node.removesuffix("]").partition("[")
    if not (ROOT / path).is_file():
        return False
    tests, texts = _written(path)
    return test in tests and (not parameter or parameter in texts)


def test_every_number_is_there():
    assert list(INDEX) == list(range(1, 91))


@pytest.mark.parametrize("number", INDEX)
def test_every_proof_exists(number):
    assert INDEX[number], "a bad input without a proof"
    assert [proof for proof in INDEX[number] if not _exists(proof)] == []


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
    assert not _exists(proof)
