"""Customer lifetime value: models fitted with lifetimes on grouped tuples, every customer scored by SQL.

`fit` reads the tuples and writes `model.clv_runs`; `score` reads those parameters and writes `model.clv_scores`.
Time is counted in days in the warehouse and in **weeks** (days / 7) in the parameters.
"""

from goodwill.clv.fitting import fit
from goodwill.clv.scoring import score

__all__ = ["fit", "score"]
