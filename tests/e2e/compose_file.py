"""Read `docker-compose.yml` as Compose does: anchors merged, `${VARIABLES}` filled in, so that what it starts can be started without it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["COMPOSE_FILE", "RUN_TO_THEIR_END", "STARTED_NATIVELY", "UnsetVariableError", "interpolate", "load", "variables"]

COMPOSE_FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
#: The services that have a command, in the order in which the end-to-end test starts them; the first run to their end.
STARTED_NATIVELY = ("permissions", "migrate", "api-server", "scheduler", "dag-processor", "triggerer")
RUN_TO_THEIR_END = STARTED_NATIVELY[:2]
#: `$$`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`; Compose knows more forms, the file uses these.
_PATTERN = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}|(?P<wrong>.))")


class UnsetVariableError(ValueError):
    """A variable that the file demands is not set."""


def interpolate(text: str, given: Mapping[str, str]) -> str:
    """Fill in the variables of one value.

    Raises
    ------
    UnsetVariableError : a variable is demanded (`:?`) or used without a default, and not given; with the file's own message.
    ValueError : a form of reference that this reader does not know.
    """

    def value(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        if match["wrong"]:
            raise ValueError(f"unknown reference in {text!r}")
        found = given.get(match["name"], "")
        if found:
            return found
        if match["how"] == ":-":
            return match["rest"]
        raise UnsetVariableError(f"{match['name']}: {match['rest'] or 'not set'}")

    return _PATTERN.sub(value, text)


def _filled(node: Any, given: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return interpolate(node, given)
    if isinstance(node, Mapping):
        return {key: _filled(value, given) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, given) for value in node]
    return node


def load(given: Mapping[str, str] | None = None, path: Path = COMPOSE_FILE) -> dict[str, Any]:
    """The file with its anchors merged; with `given`, its variables filled in too."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return dict(document if given is None else _filled(document, given))


def variables(path: Path = COMPOSE_FILE) -> dict[str, str | None]:
    """Every variable the file uses → its default, or `None` where it is demanded."""
    found = {}
    for match in _PATTERN.finditer(re.sub(r"(?m)^\s*#.*$", "", path.read_text(encoding="utf-8"))):
        if match["name"]:
            found[match["name"]] = match["rest"] if match["how"] == ":-" else None
    return found
