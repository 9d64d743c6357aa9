"""Sources to landing batches, and landing batches to the `landed.*` views the warehouse reads."""

from goodwill.extract.batches import Manifest, active_batches
from goodwill.extract.carrying import carry_over
from goodwill.extract.landed import landed_view
from goodwill.extract.landing import land_source

__all__ = ["Manifest", "active_batches", "carry_over", "land_source", "landed_view"]
