"""The layers of the dbt project, read from its files: who may select from whom, and what a mart must bring with it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.structure.project import ROOT, files

PROJECT = ROOT / "dbt_project"
MODELS = files("dbt_project/models", "*.sql", at_least=40)
MARTS = files("dbt_project/models/marts", "*.sql", at_least=10)
SEEDS = [path.stem for path in PROJECT.glob("seeds/**/*.csv")]

#: Layer → the layers it may select from.
MAY_READ = {
    "base": {"base", "touched"},
    "touched": {"base", "staging", "intermediate", "touched"},
    "staging": {"base"},
    "audit": {"base", "staging", "audit", "touched"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"staging", "audit", "intermediate", "marts", "seed"},
}
#: Layer → the sources (schemas that Python writes) it may read directly; settings come through a macro everywhere.
MAY_READ_SOURCE: dict[str, set[str]] = {
    "base": {"landed"},
    "touched": {"arrived", "basis", "basis_intermediate", "basis_marts", "control"},
    "staging": set(),
    "audit": {"basis", "control", "landed"},
    "intermediate": {"control", "identity"},
    "marts": {"control", "model"},
}
PREFIX = {"base": "base_", "touched": "touched_", "staging": "stg_", "audit": "", "intermediate": "int_", "marts": ""}


def layer_of(path: Path) -> str:
    """`base`, `staging`, `audit`, `touched`, `intermediate` or `marts`, from the folder."""
    parts = path.relative_to(PROJECT / "models").parts
    own = parts[1] == "touched" or (parts[0] == "staging" and parts[1] in ("base", "audit"))
    return parts[1] if own else parts[0]


def reads(text: str) -> tuple[list[str], list[str]]:
    """Models a text refers to, and schemas of the sources it names; comments do not count."""
    text = re.sub(r"\{#.*?#\}|--[^\n]*", "", text, flags=re.S)
    refs = re.findall(r"\bref\(\s*['\"](\w+)['\"]\s*\)", text)
    sources = re.findall(r"\bsource\(\s*['\"](\w+)['\"]", text)
    return refs, sources


LAYERS = {path.stem: layer_of(path) for path in MODELS} | dict.fromkeys(SEEDS, "seed")


def wrong_reads(layer: str, text: str) -> list[str]:
    """What a model of a layer reads against the rules."""
    refs, sources = reads(text)
    wrong = [f"ref('{name}') is no model or seed" for name in refs if name not in LAYERS]
    wrong += [f"{layer} may not read {name} ({LAYERS[name]})" for name in refs if name in LAYERS and LAYERS[name] not in MAY_READ[layer]]
    return wrong + [f"{layer} may not read the source {name}" for name in sources if name not in MAY_READ_SOURCE[layer]]


@cache
def documents() -> list[tuple[Path, dict[str, Any]]]:
    return [(path, yaml.safe_load(path.read_text(encoding="utf-8")) or {}) for path in files("dbt_project/models", "*.yml")]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_reads_its_neighbours_only(path: Path) -> None:
    assert wrong_reads(layer_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_is_named_for_its_layer(path: Path) -> None:
    layer = layer_of(path)
    assert path.stem.startswith(PREFIX[layer])
    if layer in ("audit", "marts"):
        assert not path.stem.startswith(("base_", "stg_", "int_"))


INCREMENTS = [path for path in MODELS if "incremental_strategy='touched'" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", INCREMENTS, ids=lambda path: path.stem)
def test_an_increment_replaces_the_keys_it_reads(path: Path) -> None:
    """The rows it takes away are those of the keys it selects anew: of one model that lists them, by one column."""
    text = path.read_text(encoding="utf-8")
    ((key, touched_by),) = re.findall(r"unique_key='(\w+)', meta=\{'touched_by': '(\w+)'\}", text)
    assert LAYERS[touched_by] == "touched"
    read = re.findall(r"_touched\('(\w+)', '(\w+)'\)", text) or re.findall(r"touched=\{'by': '(\w+)', 'key': '(\w+)'\}", text)
    assert set(read) == {(touched_by, key)}


def test_there_are_increments() -> None:
    assert {"base_orders", "base_order_lines", "base_contact_events", "fct_orders", "fct_order_lines", "fct_contact_events"} <= {
        path.stem for path in INCREMENTS
    }


def test_names_are_unique() -> None:
    names = [path.stem for path in MODELS] + SEEDS
    assert sorted(names) == sorted(set(names))


def constraints_of(part: dict[str, Any]) -> set[str]:
    return {each["type"] for each in part.get("constraints", [])}


def has_key(model: dict[str, Any]) -> bool:
    """A primary key; or, where its index would cost more than the model, a tested combination of columns that are never null."""
    columns = {column["name"]: column for column in model.get("columns", [])}
    if "primary_key" in constraints_of(model).union(*map(constraints_of, columns.values())):
        return True
    tested = [test["unique_combination"] for test in model.get("data_tests", []) if isinstance(test, dict) and "unique_combination" in test]
    keys = [test.get("arguments", test).get("columns", []) for test in tested]
    return any(key and all("not_null" in constraints_of(columns.get(name, {})) for name in key) for key in keys)


def mart_problems(name: str, document: dict[str, Any], unit_tests: int) -> list[str]:
    """What the yml of a mart lacks."""
    found = [model for model in document.get("models", []) if model["name"] == name]
    if len(found) != 1:
        return [f"{name}.yml does not describe {name}"]
    model = found[0]
    columns = model.get("columns", [])
    problems = [] if str(model.get("description", "")).strip() else ["no description"]
    problems += [] if columns else ["no columns"]
    problems += [f"column {column['name']} has no description" for column in columns if not str(column.get("description", "")).strip()]
    problems += [f"column {column['name']} has no type" for column in columns if not column.get("data_type")]
    problems += [] if has_key(model) else ["no key"]
    return problems + ([] if unit_tests else ["no unit test"])


@pytest.mark.parametrize("path", MARTS, ids=lambda path: path.stem)
def test_mart_brings_its_contract(path: Path) -> None:
    beside = path.with_suffix(".yml")
    assert beside.is_file(), f"{beside.name} is missing beside {path.name}"
    unit_tests = sum(1 for _, document in documents() for test in document.get("unit_tests", []) if test["model"] == path.stem)
    assert mart_problems(path.stem, yaml.safe_load(beside.read_text(encoding="utf-8")), unit_tests) == []


def test_every_description_is_of_a_model_that_exists() -> None:
    for path, document in documents():
        for kind in ("models", "unit_tests"):
            for each in document.get(kind, []):
                name = each["name"] if kind == "models" else each["model"]
                assert name in LAYERS, f"{path.name} describes {name}, which does not exist"


@pytest.mark.parametrize(
    ("layer", "text", "count"),
    [
        ("marts", "select * from {{ ref('base_orders') }}", 1),
        ("intermediate", "from {{ ref('base_orders') }}", 1),
        ("staging", "from {{ ref('dim_customers') }}", 1),
        ("intermediate", "from {{ ref('fct_orders') }} join {{ ref(\"base_orders\") }}", 2),
        ("marts", "from {{ source('landed', 'orders') }}", 1),
        ("marts", "from {{ ref('no_such_model') }}", 1),
        ("intermediate", "from {{ source('model', 'clv_scores') }}", 1),
        (
            "marts",
            "-- ref('base_orders')\n{# ref('base_orders') #}from {{ ref('int_people') }} join {{ source('model', 'clv_scores') }}",
            0,
        ),
    ],
)
def test_rule_finds_wrong_reads(layer: str, text: str, count: int) -> None:
    assert len(wrong_reads(layer, text)) == count


COLUMN = {"name": "a", "data_type": "text", "description": "x"}


@pytest.mark.parametrize(
    ("model", "unit_tests", "problem"),
    [
        ({"name": "other"}, 1, "m.yml does not describe m"),
        ({"columns": [COLUMN], "constraints": [{"type": "primary_key"}]}, 1, "no description"),
        (
            {"description": "d", "columns": [{**COLUMN, "description": " "}], "constraints": [{"type": "primary_key"}]},
            1,
            "column a has no description",
        ),
        (
            {"description": "d", "columns": [{"name": "a", "description": "x"}], "constraints": [{"type": "primary_key"}]},
            1,
            "column a has no type",
        ),
        ({"description": "d", "columns": [COLUMN]}, 1, "no key"),
        ({"description": "d", "columns": [COLUMN], "data_tests": [{"unique_combination": {"arguments": {"columns": ["a"]}}}]}, 1, "no key"),
        ({"description": "d", "columns": [COLUMN], "constraints": [{"type": "primary_key"}]}, 0, "no unit test"),
        ({"description": "d", "constraints": [{"type": "primary_key"}]}, 1, "no columns"),
    ],
)
def test_rule_finds_what_a_mart_lacks(model: dict[str, Any], unit_tests: int, problem: str) -> None:
    assert mart_problems("m", {"models": [{"name": "m", **model}]}, unit_tests) == [problem]


def test_tested_key_of_columns_that_are_never_null_is_a_key() -> None:
    column = {**COLUMN, "constraints": [{"type": "not_null"}]}
    model = {
        "name": "m",
        "description": "d",
        "columns": [column],
        "data_tests": [{"unique_combination": {"arguments": {"columns": ["a"]}}}],
    }
    assert mart_problems("m", {"models": [model]}, 1) == []


def test_every_mart_is_shown_to_bi() -> None:
    """An exposure of the project names what it depends on: all that is published, no less."""
    exposures = yaml.safe_load((PROJECT / "models" / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
    (shown,) = (each["depends_on"] for each in exposures if each["name"] == "business_intelligence")
    assert sorted(shown) == sorted(f"ref('{name}')" for name in [*(path.stem for path in MARTS), *SEEDS])


def test_every_term_of_the_glossary_is_used_and_has_its_french_word() -> None:
    terms = dict(
        re.findall(r"{% docs (\w+) %}\n(.*?){% enddocs %}", (PROJECT / "models" / "glossary.md").read_text(encoding="utf-8"), flags=re.S)
    )
    used = set(re.findall(r"doc\(\"(\w+)\"\)", "".join(path.read_text(encoding="utf-8") for path, _ in documents())))
    assert used - {*terms} == set()
    assert [name for name in terms if name not in used] == []
    assert [name for name, text in terms.items() if not re.search(r"\*[^*\n]+\*", text)] == []
