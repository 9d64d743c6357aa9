"""The warehouse file: prepared for a night, built by dbt layer by layer, promoted when the night is accepted."""

from goodwill.warehouse.connection import open_warehouse
from goodwill.warehouse.layers import build_layer, dbt_manifest, document
from goodwill.warehouse.night import Night, prepare_warehouse, promote

__all__ = ["Night", "build_layer", "dbt_manifest", "document", "open_warehouse", "prepare_warehouse", "promote"]
