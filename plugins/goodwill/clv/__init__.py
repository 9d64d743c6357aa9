"""Customer lifetime value: models fitted on grouped tuples, held against what happened, every customer scored by SQL.

`fit` reads the tuples, decides whose parameters score, and writes `model.clv_runs`, `clv_holdouts`, `clv_calibration` and `clv_tracking`;
`score` reads those parameters and writes `model.clv_scores`. Time is counted in days in the warehouse and in **weeks** (days / 7) in the
parameters. `write_silences` says since when somebody is probably gone. `Ledger` and `confirm` keep what was decided from night to night;
`review` judges the models apart from a night.
"""

from goodwill.clv.ledger import Ledger, append_lines, confirm, ledger_file, ledger_lines
from goodwill.clv.reviewing import Review, review
from goodwill.clv.scoring import score
from goodwill.clv.silence import write_silences
from goodwill.clv.tables import fit

__all__ = ["Ledger", "Review", "append_lines", "confirm", "fit", "ledger_file", "ledger_lines", "review", "score", "write_silences"]
