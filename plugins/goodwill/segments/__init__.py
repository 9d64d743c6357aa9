"""Where each person stands: value class, life-cycle stage, distance and RFM group, each with the rule that decided.

`assign` is the one place that decides; dbt joins the result into `dim_customers` and makes history, sizes, migrations and equity of it.
The rules are ordered data (`life_cycle`, `value_portfolio`, `distance`, `rfm`, `churn`): the first that holds wins. `Ledger`, `record`
and `confirm` keep what was decided from night to night.
"""

from goodwill.segments.assigning import assign
from goodwill.segments.cuts import CutPoints, moved_share, read_cuts
from goodwill.segments.ledger import Ledger, confirm, ledger_folder, record, renew

__all__ = ["CutPoints", "Ledger", "assign", "confirm", "ledger_folder", "moved_share", "read_cuts", "record", "renew"]
