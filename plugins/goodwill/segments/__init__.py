"""Where each person stands: value class, life-cycle stage, distance and RFM group, each with the rule that decided.

`assign` is the one place that decides; dbt joins the result into `dim_customers`. The rules are ordered data
(`life_cycle`, `value_portfolio`, `distance`, `rfm`): the first that holds wins.
"""

from goodwill.segments.assigning import assign

__all__ = ["assign"]
