"""Every rule of every suite holds on a sound shop, and fails alone on one bad row made for it."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import pytest
from goodwill.quality import Suite, ValidationSummary, load_suites, validate

from tests.expectations.broken import BROKEN
from tests.expectations.world import AS_OF, build_world

SUITES = load_suites()
RULES = {rule.rule_id: (suite, rule) for suite in SUITES for rule in suite.rules}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_world(tmp_path_factory.mktemp("sound") / "warehouse.duckdb")


def _check(warehouse: Path, suite: Suite, folder: Path) -> ValidationSummary:
    """Hold one suite alone against a warehouse."""
    alone = folder / "expectations" / suite.boundary
    alone.mkdir(parents=True)
    shutil.copy(suite.file, alone)
    return validate(
        warehouse,
        suite.boundary,
        run_id="night",
        as_of=dt.date.fromisoformat(AS_OF),
        out_dir=folder / "run",
        expectations_dir=alone.parent,
    )


def test_every_rule_has_a_broken_example_and_no_example_is_left_over() -> None:
    assert sorted(BROKEN) == sorted(RULES)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"{suite.boundary}.{suite.table_name}")
def test_a_sound_shop_breaks_no_rule(suite: Suite, sound: Path, tmp_path: Path) -> None:
    summary = _check(sound, suite, tmp_path)
    assert summary.checks == len(suite.rules)
    assert [*summary.failed_critical, *summary.failed_warnings] == []


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_a_bad_row_breaks_exactly_its_rule(rule_id: str, sound: Path, tmp_path: Path) -> None:
    suite, rule = RULES[rule_id]
    broken = shutil.copy(sound, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(broken)) as connection:
        connection.execute(BROKEN[rule_id])
    summary = _check(Path(broken), suite, tmp_path)
    failed = summary.failed_critical if rule.severity == "critical" else summary.failed_warnings
    assert [failure.rule_id for failure in [*summary.failed_critical, *summary.failed_warnings]] == [rule_id]
    assert "could not be evaluated" not in failed[0].found
