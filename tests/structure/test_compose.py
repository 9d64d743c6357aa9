"""The team's deployment, held against the Compose specification and our own rules. No engine runs here: the end-to-end test starts the same commands."""

from __future__ import annotations

import copy
import importlib.resources
import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from goodwill import __version__

from tests.e2e import compose_file
from tests.e2e.compose_file import STARTED_NATIVELY, UnsetVariableError, interpolate
from tests.structure.project import ROOT

GIVEN = {name: f"given-{name.lower()}" for name, default in compose_file.variables().items() if default is None}
SECRET_NAME = re.compile(r"PASSWORD$|SECRET|FERNET|TOKEN|(?:^|_)KEY$|CREDENTIAL", flags=re.I)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The Compose specification's own schema, as the package check-jsonschema carries it."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return dict(json.loads((folder / "compose-spec.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(compose_file.load(GIVEN)["services"])


def test_file_fits_the_specification(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(compose_file.load())
    jsonschema.Draft202012Validator(schema).validate(compose_file.load(GIVEN))


@pytest.mark.parametrize(
    "break_it",
    [
        lambda file: file["services"]["scheduler"].update(comand=["airflow"]),
        lambda file: file["services"]["scheduler"].update(depends_on={"postgres": {"condition": "healthy"}}),
        lambda file: file["services"]["scheduler"]["healthcheck"].update(every="30s"),
        lambda file: file.update(service={}),
    ],
)
def test_specification_refuses_a_broken_file(schema: dict[str, Any], break_it: Any) -> None:
    file = copy.deepcopy(compose_file.load())
    break_it(file)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(file)


def test_services_are_airflows_parts_and_its_database(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "permissions", "migrate", "api-server", "scheduler", "dag-processor", "triggerer"}


def test_every_command_is_the_one_the_end_to_end_test_starts(services: dict[str, Any]) -> None:
    """`postgres` has the image's own command; the test starts a real PostgreSQL of the same major version in its place."""
    assert {name for name, service in services.items() if "command" in service} == set(STARTED_NATIVELY)
    assert set(services) - set(STARTED_NATIVELY) == {"postgres"}
    for name in STARTED_NATIVELY:
        assert isinstance(services[name]["command"], list), f"{name}: a list, so that no shell reads it"
        assert services[name]["command"][0] not in ("sh", "bash"), name


def literal_secrets(document: Any, path: str = "") -> list[str]:
    """Values under a name that sounds like a secret, and passwords in addresses, that are not demanded from outside."""
    found = []
    if isinstance(document, dict):
        for key, value in document.items():
            where = f"{path}.{key}".lstrip(".")
            if isinstance(value, str) and SECRET_NAME.search(str(key)) and not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value):
                found.append(where)
            found += literal_secrets(value, where)
    elif isinstance(document, list):
        found = [hit for number, value in enumerate(document) for hit in literal_secrets(value, f"{path}[{number}]")]
    elif isinstance(document, str) and re.search(r"://[^/\s:@]+:(?!\$\{\w+:\?)[^@\s]+@", document):
        found.append(path)
    return found


def test_no_secret_stands_in_the_file() -> None:
    assert literal_secrets(compose_file.load()) == []


@pytest.mark.parametrize(
    "environment",
    [
        {"POSTGRES_PASSWORD": "airflow"},
        {"AIRFLOW__API_AUTH__JWT_SECRET": "${SECRET:-changeme}"},
        {"AIRFLOW__CORE__FERNET_KEY": ""},
        {"URL": "postgresql://airflow:airflow@postgres/airflow"},
        {"URL": "postgresql://airflow:${PASSWORD:-x}@postgres/airflow"},
    ],
)
def test_rule_finds_a_literal_secret(environment: dict[str, str]) -> None:
    assert len(literal_secrets({"services": {"x": {"environment": environment}}})) == 1


def test_secrets_are_demanded_with_a_word_of_help() -> None:
    for name in GIVEN:
        with pytest.raises(UnsetVariableError, match=f"^{name}: set {name}"):
            compose_file.load({other: "x" for other in GIVEN if other != name})


def test_example_of_the_environment_names_every_variable() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    used = compose_file.variables()
    assert set(example) == set(used)
    assert {name: value or None for name, value in example.items()} == used, "defaults agree, and what is demanded is left empty"


def test_every_image_is_pinned_to_a_full_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?", service["image"]), f"{name}: {service['image']}"
    assert services["scheduler"]["image"] == f"goodwill:{__version__}"
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", dockerfile, flags=re.M) == ["python:3.11.14-slim-bookworm"]


def test_every_service_has_a_health_check(services: dict[str, Any]) -> None:
    """One that runs to its end is watched by its exit code instead."""
    for name, service in services.items():
        if service["restart"] == "no":
            assert service["healthcheck"] == {"disable": True}, name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", f"{name}: no shell"
            assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"]), name


def test_nothing_starts_before_what_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            ends = services[other]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy"), f"{name} → {other}"
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        assert "migrate" in services[name]["depends_on"], name
    assert set(services["migrate"]["depends_on"]) == {"postgres", "permissions"}


def test_only_the_service_that_must_is_root(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name not in ("postgres", "permissions"):
            assert service["user"] == "50000:0", name
            assert service["cap_drop"] == ["ALL"], name
            assert "cap_add" not in service, name
    assert services["permissions"]["network_mode"] == "none"
    assert not services["permissions"]["environment"], "root knows no secret"
    assert re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M) == ["50000:0"]


def test_every_service_has_limits(services: dict[str, Any]) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0, name
        assert re.fullmatch(r"\d+[MG]", limits["memory"]), name


def test_processes_meet_at_one_address_with_one_secret(services: dict[str, Any]) -> None:
    airflow = [service["environment"] for name, service in services.items() if name not in ("postgres", "permissions")]
    assert all(environment == airflow[0] for environment in airflow)
    one = airflow[0]
    assert one["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://api-server:{one['AIRFLOW__API__PORT']}/execution/"
    assert one["AIRFLOW__API_AUTH__JWT_SECRET"] == GIVEN["AIRFLOW_JWT_SECRET"]
    assert (
        f":{GIVEN['POSTGRES_PASSWORD']}@postgres:5432/{services['postgres']['environment']['POSTGRES_DB']}"
        in one["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    )
    assert f"localhost:{one['AIRFLOW__API__PORT']}/" in services["api-server"]["healthcheck"]["test"][-1]
    assert f"localhost:{one['AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT']}/" in services["scheduler"]["healthcheck"]["test"][-1]


def test_page_is_reachable_from_the_machine_itself_only(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api-server": ["127.0.0.1:8080:8080"]}


def test_volumes_are_declared_and_hold_what_must_last(services: dict[str, Any]) -> None:
    declared = set(compose_file.load()["volumes"])
    mounted = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert mounted == declared | {GIVEN["GOODWILL_HOME"]}
    environment = services["scheduler"]["environment"]
    targets = {volume.split(":")[1] for volume in services["scheduler"]["volumes"]}
    assert targets == {environment["GOODWILL_HOME"], environment["AIRFLOW_HOME"]}
    assert set(services["permissions"]["command"][-2:]) == targets


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"),
        ("${A}", "1"),
        ("x${A:-2}y", "x1y"),
        ("${B:-2}", "2"),
        ("${B:-}", ""),
        ("${EMPTY:-3}", "3"),
        ("$${A}", "${A}"),
        ("${A:?no}", "1"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, value: str) -> None:
    assert interpolate(text, {"A": "1", "EMPTY": ""}) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("${B:?say it}", UnsetVariableError),
        ("${EMPTY:?no}", UnsetVariableError),
        ("${B}", UnsetVariableError),
        ("${B+x}", ValueError),
        ("$B", ValueError),
    ],
)
def test_variables_that_cannot_be_filled_in_are_refused(text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        interpolate(text, {"A": "1", "EMPTY": ""})
