"""Whether a test that is named as a proof exists: read from the text of its file, without importing it."""

from __future__ import annotations

import ast
from functools import cache

import yaml

from tests.structure.project import ROOT, files

__all__ = ["exists"]


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


def exists(proof: str) -> bool:
    """Whether there is such a proof: `path::test`, `path::test[parameter]`, or `dbt:` and the name of a unit test of a model."""
    if proof.startswith("dbt:"):
        return proof.removeprefix("dbt:") in _unit_tests()
    path, _, node = proof.partition("::")
    test, _, parameter = node.removesuffix("]").partition("[")
    if not (ROOT / path).is_file():
        return False
    tests, texts = _written(path)
    return test in tests and (not parameter or parameter in texts)
