"""### The night

Takes what the sources hold now, and ends with a new publication, or with a reason why not.

| if | then |
|---|---|
| a stage is **blocked** | a source or a critical check says no. The last task names it, `runs/<run_id>/report/` shows it, yesterday's publication stays. Mend the data, trigger again. |
| a stage **failed** | The task's log says what to do. Trigger again: a night starts from landing, nothing has to be cleaned up. |
| every task is **skipped** | Another night has the warehouse, so this one did not begin; an alert of the kind `refused` says so. Trigger again when that has ended, if its day is not the one you want. |
| an earlier day is wanted | Trigger with `as_of`, or backfill: it is published beside the present one, and over it only with `make_current`. |

The home is `$GOODWILL_HOME`; the schedule is `calendar.schedule` in its `goodwill.yml`. A night that fails, or has not ended within
`calendar.deadline_minutes`, is told to `$GOODWILL_ALERT_URL`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import (
    Asset,
    AsyncCallback,
    Connection,
    DeadlineAlert,
    DeadlineReference,
    Param,
    chain,
    dag,
    get_current_context,
    task,
    task_group,
)
from goodwill.schedule import cron, deadline_minutes

PARAMS = {
    "as_of": Param(None, type=["null", "string"], format="date", description="The day to stand at; empty: as the settings say."),
    "make_current": Param(False, type="boolean", description="Show readers this day even if it is earlier than what they see."),
    "full": Param(False, type="boolean", description="Build everything from landing, not only what changed."),
    "home": Param(None, type=["null", "string"], description="The home; empty: $GOODWILL_HOME."),
    "run_id": Param(None, type=["null", "string"], description="Given by the command line; leave empty."),
    "pid": Param(None, type=["null", "integer"], description="Given by the command line; leave empty."),
}


@task
def open_night() -> dict[str, str]:
    """Check the configuration and take the warehouse for this run; skip the night if another one has it."""
    from airflow.sdk.exceptions import AirflowSkipException
    from goodwill import schedule, stages

    context = get_current_context()
    params = context["params"]
    day = params["as_of"] or schedule.day_of(context.get("logical_date"), params["home"])
    try:
        return stages.open_night(params["home"], day, params["run_id"], params["pid"], params["make_current"], params["full"])
    except stages.HeldError as held:
        stages.tell_refused(params["home"])
        raise AirflowSkipException(str(held)) from held


@task
def source_names(night: dict[str, str]) -> list[str]:
    """List the sources: each is extracted by a task of its own."""
    from goodwill import stages

    return stages.source_names(night)


@task
def extract_source(night: dict[str, str], source: str) -> dict[str, object]:
    """Land what is new in one source, each part as an immutable batch."""
    from goodwill import stages

    return stages.extract_source(night, source, connection_uri)


def connection_uri(name: str) -> str | None:
    """The URI of the Airflow connection `name`; nothing where Airflow has none."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(name).get_uri()
    except AirflowNotFoundException:
        return None


@task
def stage(night: dict[str, str], function: str, *arguments: str) -> dict[str, object]:
    """Run one stage on the warehouse."""
    from goodwill import stages

    return getattr(stages, function)(night, *arguments)


def tell(context) -> None:
    """Alert whoever watches; called by Airflow when the night has failed."""
    from goodwill import stages

    stages.tell_failure(context["params"]["home"], "night")


def in_time() -> DeadlineAlert | None:
    """An alert by Airflow when the night has not ended in time, if the settings want one."""
    minutes = deadline_minutes()
    if minutes is None:
        return None
    alert = AsyncCallback("goodwill.alerts.deadline_missed", {"minutes": minutes})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(minutes=minutes), alert)


@task(trigger_rule="none_skipped", on_failure_callback=tell)
def close_night(night: dict[str, str] | None) -> dict[str, object]:
    """Say how the night ended, leave its report, let the warehouse go."""
    from goodwill import stages

    return stages.close_night(night)


@dag(
    schedule=cron(),
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    deadline=in_time(),
    doc_md=__doc__,
    tags=["goodwill"],
    default_args={"retries": 0},
)
def nightly():
    """One night: from the sources to a publication."""
    night = open_night()

    def group(name: str, *steps: tuple[str, ...]):
        @task_group(group_id=name)
        def in_order():
            chain(*[stage.override(task_id=task_id)(night, *call) for task_id, *call in steps])

        return in_order()

    @task_group(group_id="extract")
    def extract():
        extract_source.partial(night=night).expand(source=source_names(night))

    chain(
        extract(),
        group("landed", ("prepare", "prepare"), ("validate", "validate", "landed")),
        group("staging", ("build", "build", "staging"), ("validate", "validate", "staged")),
        group("marts", ("identify", "resolve_identities"), ("build", "build", "before_clv"), ("validate", "validate", "marts")),
        group("clv", ("fit", "fit_clv"), ("validate", "validate", "clv")),
        group("segments", ("assign", "assign_segments"), ("validate", "validate", "segments")),
        group("scored_marts", ("build", "build", "after_clv"), ("validate", "validate", "published")),
        stage.override(task_id="documents")(night, "write_documents"),
        stage.override(task_id="publish", outlets=[Asset("goodwill_published")])(night, "publish_night"),
        close_night(night),
    )


NIGHTLY = nightly()

if __name__ == "__main__":
    import json
    import os
    import sys

    NIGHTLY.test(run_conf={**json.loads(sys.argv[1]), "pid": os.getpid()})
