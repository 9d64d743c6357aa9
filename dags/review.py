"""### The review

Once a week: every model forecasts weeks that have passed already and is held against them, and the one that scores from then on is chosen.
It reads what readers see; the coming nights decide by its lines in `audit/clv_ledger.jsonl`. `audit/reviews/` keeps what it found.

| if | then |
|---|---|
| it **failed** because a night holds the warehouse | nothing was recorded; trigger it when the night has ended |
| the gate says **failed** | the coming nights score with the last accepted parameters and judge every night until a forecast holds; look at `clv_holdouts` |

With `clv.review: apart` in the home's `goodwill.yml` the nights leave judging to this, and do it themselves only if it is a turn late.
`goodwill review --dry-run` shows what it would find.
"""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

PARAMS = {"home": Param(None, type=["null", "string"], description="The home; empty: $GOODWILL_HOME.")}


def tell(context) -> None:
    """Alert whoever watches; called by Airflow when the task has failed."""
    from goodwill import stages

    stages.tell_failure(context["params"]["home"], "review")


@task(on_failure_callback=tell)
def judge_models() -> dict[str, object]:
    """Hold every model against what happened, and put the choice on record."""
    from goodwill import stages

    return stages.review(get_current_context()["params"]["home"])


@dag(schedule="0 14 * * 0", catchup=False, max_active_runs=1, params=PARAMS, doc_md=__doc__, tags=["goodwill"])
def review():
    """Once a week, at an hour when no night runs."""
    judge_models()


REVIEW = review()
