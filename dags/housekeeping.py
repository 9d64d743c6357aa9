"""### Housekeeping

Removes what is old, as `retention` in the home's `goodwill.yml` says: publications beyond the last few, superseded batches, documents of
old runs, leftovers of what was killed. Never what a kept publication needs. Everything removed is in the audit ledger.

| if | then |
|---|---|
| it **failed** because a night holds the warehouse | nothing was removed; it comes again in a week, or trigger it when the night has ended |

`goodwill housekeeping --dry-run` shows what would go.
"""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

PARAMS = {"home": Param(None, type=["null", "string"], description="The home; empty: $GOODWILL_HOME.")}


def tell(context) -> None:
    """Alert whoever watches; called by Airflow when the task has failed."""
    from goodwill import stages

    stages.tell_failure(context["params"]["home"], "housekeeping")


@task(on_failure_callback=tell)
def tidy() -> dict[str, object]:
    """Remove what is old."""
    from goodwill import stages

    return stages.tidy(get_current_context()["params"]["home"])


@dag(schedule="0 13 * * 0", catchup=False, max_active_runs=1, params=PARAMS, doc_md=__doc__, tags=["goodwill"])
def housekeeping():
    """Once a week, at an hour when no night runs."""
    tidy()


HOUSEKEEPING = housekeeping()
