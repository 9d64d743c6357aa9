"""### The auditors' report of a month

On the second of each month: what ran, what came in, what was checked, what has moved and what was done by hand in the month that is over.
It lies in the home under `audit/reports/<month>/`, sealed in the ledger; the report of a single night is in its publication.

| if | then |
|---|---|
| it **failed** because the report is signed | it stays as it is; write another beside it with the command |

`goodwill audit report 2026-10` writes that of any month, `goodwill audit sign 2026-10 --by NAME --role ROLE` signs it.
"""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

PARAMS = {
    "home": Param(None, type=["null", "string"], description="The home; empty: $GOODWILL_HOME."),
    "month": Param(
        None, type=["null", "string"], pattern=r"^\d{4}-\d{2}$", description="The month, as 2026-10; empty: the one before this."
    ),
}


def tell(context) -> None:
    """Alert whoever watches; called by Airflow when the task has failed."""
    from goodwill import stages

    stages.tell_failure(context["params"]["home"], "auditors' report")


@task(on_failure_callback=tell)
def report_month() -> dict[str, object]:
    """Put the report of the month on file."""
    from goodwill import stages

    given = get_current_context()["params"]
    return stages.report_month(given["home"], given["month"])


@dag(schedule="0 12 2 * *", catchup=False, max_active_runs=1, params=PARAMS, doc_md=__doc__, tags=["goodwill"])
def audit_report():
    """Once a month, at an hour when no night runs."""
    report_month()


AUDIT_REPORT = audit_report()
