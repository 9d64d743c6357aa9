"""From which table each table of the warehouse is made, and by which code: kept with every publication, so that it explains itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.files import digest

__all__ = ["PYTHON", "Made", "ancestors", "read_lineage", "write_lineage"]

FILE = "lineage.json"
_PACKAGE = Path(__file__).resolve().parents[1]

#: What the Python stages read to make their tables: schema, beginning of the table's name → part of the package, tables.
PYTHON: dict[str, tuple[str, tuple[str, ...]]] = {
    "model.phone_": ("identity", ("stg_contacts",)),
    "model.probable_": ("identity", ("stg_contacts",)),
    "model.clv_": (
        "clv",
        (
            "int_clv_customers",
            "int_contract_tuples",
            "int_contracts",
            "int_contracts__running",
            "int_customer_facts",
            "int_people",
            "int_purchase_days",
            "int_rfm_tuples",
            "int_spend_tuples",
        ),
    ),
    "model.segment_": (
        "segments",
        (
            "int_customer_facts",
            "int_people",
            "int_purchase_days",
            "int_referrals__accepted",
            "model.clv_scores",
            "model.clv_silences",
            "model.recorded_changes",
        ),
    ),
    "model.recorded_": ("segments", ()),
}


@dataclass(frozen=True)
class Made:
    """How a table is made: by a file (or a part of the package), whose digest is kept, from which tables; `key` names its primary key."""

    name: str
    schema: str
    file: str
    sha256: str
    parents: tuple[str, ...]
    key: tuple[str, ...] = ()


def _source(schema: str, name: str) -> Made:
    """A table dbt only reads: one the Python stages make, or one that lies at the beginning."""
    full = f"{schema}.{name}"
    for begins, (part, parents) in PYTHON.items():
        if full.startswith(begins):
            files = "\n".join(digest(path) for path in sorted((_PACKAGE / part).rglob("*.py")))
            return Made(full, schema, f"plugins/goodwill/{part}/", hashlib.sha256(files.encode()).hexdigest(), parents)
    return Made(full, schema, "", "", ())


def write_lineage(dbt_manifest: Path, folder: Path) -> Path:
    """Keep what `explain` needs of dbt's manifest (two megabytes) in a folder of the run (a few kilobytes)."""
    manifest = json.loads(dbt_manifest.read_text(encoding="utf-8"))
    sources = {unique: _source(node["schema"], node["name"]) for unique, node in manifest["sources"].items()}
    names = {unique: made.name for unique, made in sources.items()}
    models = {unique: node for unique, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    names |= {unique: node["name"] for unique, node in models.items()}
    tested = _tested_keys(manifest["nodes"])
    made = [
        Made(
            node["name"],
            node["schema"],
            f"dbt_project/{node['original_file_path']}",
            node["checksum"]["checksum"],
            tuple(names[parent] for parent in manifest["parent_map"][unique] if parent in names),
            tuple(_key(node, tested.get(unique, ()))),
        )
        for unique, node in models.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FILE
    rows = sorted([*sources.values(), *made], key=lambda each: each.name)
    target.write_text(json.dumps([vars(each) for each in rows], indent=1), encoding="utf-8")
    return target


def _key(node: Mapping[str, Any], tested: Sequence[str]) -> list[str]:
    """The primary key in the order of the table's columns: the declared one, or the columns that a test holds to be unique."""
    wanted = set(node.get("primary_key") or tested)
    return [name for name in node["columns"] if name in wanted]


def _tested_keys(nodes: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Model → the columns that its test `unique_combination` names."""
    tests = [node for node in nodes.values() if (node.get("test_metadata") or {}).get("name") == "unique_combination"]
    return {node["attached_node"]: node["test_metadata"]["kwargs"]["columns"] for node in tests}


def read_lineage(publication: Path) -> dict[str, Made]:
    """Table → how it is made, as a publication kept it; empty for one of before it was kept."""
    file = publication / "lineage" / FILE
    if not file.exists():
        return {}
    rows = json.loads(file.read_text(encoding="utf-8"))
    return {row["name"]: Made(**{**row, "parents": tuple(row["parents"]), "key": tuple(row["key"])}) for row in rows}


def ancestors(lineage: Mapping[str, Made], name: str) -> list[Made]:
    """A table and everything it is made of, nearest first."""
    found: dict[str, Made] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop(0)
        if each in lineage and each not in found:
            found[each] = lineage[each]
            waiting += lineage[each].parents
    return list(found.values())
