"""### Forget a person

Takes a person out of everything that landed and all that was made of it, and keeps them out. Their orders stay, as those of nobody.

| if | then |
|---|---|
| nobody or several people are known by it | The task says so. A publication's key (`person_id`) names exactly one. |
| a night is running | The task fails and names it. Trigger again when it has ended. |
| it was cut off | Trigger again, or wait for the night: either goes on where it stopped. |

Give a key or an id, never an address or a number: Airflow keeps what a run was started with. By those: `goodwill erase --email -`.
"""

from __future__ import annotations

from airflow.sdk import Param, dag, get_current_context, task

PARAMS = {
    "person": Param(type="string", minLength=1, description="person_id of the published marts, or the id of a contact."),
    "by": Param(type="string", minLength=1, description="Who answers for it."),
    "reason": Param(type="string", minLength=1, description="Why; nothing about the person."),
    "home": Param(None, type=["null", "string"], description="The home; empty: $GOODWILL_HOME."),
}


def tell(context) -> None:
    """Alert whoever watches; called by Airflow when the task has failed."""
    from goodwill import stages

    stages.tell_failure(context["params"]["home"], "erasure")


@task(on_failure_callback=tell)
def erase() -> dict[str, object]:
    """Erase the person, and put the proof in the audit ledger."""
    from goodwill import stages

    params = get_current_context()["params"]
    return stages.erase_person(params["home"], params["person"], params["by"], params["reason"])


@dag(schedule=None, catchup=False, max_active_runs=1, params=PARAMS, doc_md=__doc__, tags=["goodwill"], default_args={"retries": 0})
def erase_person():
    """Forget one person."""
    erase()


ERASE_PERSON = erase_person()
