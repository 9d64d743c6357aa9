"""Lineage: what Python reads is declared as it is read; dbt's manifest is kept in short."""

from __future__ import annotations

import json
import re

import pytest
from goodwill.audit.lineage import PYTHON, ancestors, read_lineage, write_lineage

from tests.structure.project import files


@pytest.mark.parametrize("part", sorted({part for part, _ in PYTHON.values()}))
def test_what_a_part_reads_is_declared(part):
    """A table that a Python stage reads and lineage does not know would be missing from every explanation."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in files(f"plugins/goodwill/{part}", "*.py"))
    made_here = tuple(begins for begins, (of, _) in PYTHON.items() if of == part)
    read = set(re.findall(r"\b(?:from|join)\s+(?:intermediate|staging)\.(\w+)", text))
    read |= {name for name in re.findall(r"\b(?:from|join)\s+(model\.\w+)", text) if not name.startswith(made_here)}
    declared = {name for of, tables in PYTHON.values() if of == part for name in tables if not name.startswith(made_here)}
    assert read == declared


def test_dbt_manifest_in_short(tmp_path):
    def node(name, schema, kind="model", **more):
        return {"name": name, "schema": schema, "resource_type": kind, "original_file_path": f"models/{name}.sql", "columns": {}, **more}

    manifest = {
        "sources": {"s.orders": {"name": "orders", "schema": "landed"}, "s.scores": {"name": "clv_scores", "schema": "model"}},
        "nodes": {
            "m.stg": node("stg_orders", "staging", checksum={"checksum": "a"}),
            "m.facts": node("int_customer_facts", "intermediate", checksum={"checksum": "b"}),
            "m.mart": node("segments", "marts", checksum={"checksum": "c"}, primary_key=["b", "a"], columns={"a": {}, "x": {}, "b": {}}),
            "t.test": node("unique", "x", "test"),
            "m.lines": node("fct_order_lines", "marts", checksum={"checksum": "d"}, columns={"order_id": {}, "amount": {}, "line_no": {}}),
            "t.key": node(
                "unique_lines",
                "x",
                "test",
                attached_node="m.lines",
                test_metadata={"name": "unique_combination", "kwargs": {"columns": ["line_no", "order_id"]}},
            ),
        },
        "parent_map": {
            "m.stg": ["s.orders"],
            "m.facts": ["m.stg"],
            "m.mart": ["s.scores", "t.test"],
            "t.test": ["m.mart"],
            "m.lines": [],
            "t.key": ["m.lines"],
        },
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    write_lineage(tmp_path / "manifest.json", tmp_path / "lineage")
    lineage = read_lineage(tmp_path)
    assert lineage["segments"].key == ("a", "b"), "in the order of the columns"
    assert lineage["fct_order_lines"].key == ("order_id", "line_no"), "tested, not declared"
    assert lineage["segments"].file == "dbt_project/models/segments.sql"
    assert lineage["model.clv_scores"].file == "plugins/goodwill/clv/"
    assert [each.name for each in ancestors(lineage, "segments")] == [
        "segments",
        "model.clv_scores",
        "int_customer_facts",
        "stg_orders",
        "landed.orders",
    ]
    assert read_lineage(tmp_path / "elsewhere") == {}
