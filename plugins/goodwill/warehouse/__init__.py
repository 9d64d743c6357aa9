"""The warehouse file: prepared for a night, built by dbt layer by layer, promoted when the night is accepted."""

from goodwill.warehouse.connection import open_warehouse
from goodwill.warehouse.layers import build_layer, dbt_manifest, document
from goodwill.warehouse.night import prepare_warehouse, promote
from goodwill.warehouse.plan import Night, Plan, plan_night

__all__ = ["Night", "Plan", "build_layer", "dbt_manifest", "document", "open_warehouse", "plan_night", "prepare_warehouse", "promote"]
