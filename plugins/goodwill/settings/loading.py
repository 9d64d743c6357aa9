"""Read and validate the configuration files: every problem named with its file, place, value and remedy, all at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from goodwill.errors import ConfigurationError
from goodwill.settings.business import BusinessSettings

__all__ = ["configuration_digest", "load_business", "load_yaml"]

Model = TypeVar("Model", bound=BaseModel)


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML keeps the last of two equal keys without a word; here the second is an error."""


def _unique_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is written twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file", f"make one with: goodwill init {path.parent}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error})", "check the file's rights and that it is UTF-8") from None
    try:
        return yaml.load(text, Loader=_UniqueKeyLoader) or {}  # noqa: S506 - a SafeLoader with a check for twice-written keys
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{path}{place}: not valid YAML ({getattr(error, 'problem', error)})", "mend that line") from None


def _place(document: Any, location: tuple[int | str, ...]) -> str:
    """`sources → transactions → entities → orders`: list items by their name, not their number."""
    words: list[str] = []
    for step in location:
        if isinstance(step, str) and isinstance(document, dict) and document.get("connector", "file") == step and step not in document:
            continue  # the kind of a source is a step for the validator, not for the reader
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            document = None
        named = isinstance(step, int) and isinstance(document, dict) and document.get("name")
        words.append(str(named or step))
    return " → ".join(words)


def load_yaml(path: Path, model: type[Model]) -> Model:
    """The file at `path`, validated.

    Raises
    ------
    ConfigurationError : the file is missing, is not YAML, or holds a key or value that is not allowed; all problems at once.
    """
    document = _read(path)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            place = _place(document, problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            given = problem["input"]
            shown = f" (given: {given!r})" if isinstance(given, (str, int, float, bool)) and problem["type"] != "secret" else ""
            problems.append(f"{path.name}: {place}: {message}{shown}" if place else f"{path.name}: {message}{shown}")
        raise ConfigurationError("\n".join(problems), f"mend {path}, then run: goodwill check --home {path.parent}") from None


def load_business(path: Path) -> BusinessSettings:
    """The business settings in `path`.

    Raises
    ------
    ConfigurationError : the file is missing, is not YAML, or holds a key or value that is not allowed; all problems at once.
    """
    return load_yaml(path, BusinessSettings)


def configuration_digest(*files: Path) -> str:
    """SHA-256 over configuration files: any change of a setting shows in the run's record."""
    return hashlib.sha256(json.dumps([path.read_text(encoding="utf-8") for path in files]).encode()).hexdigest()
