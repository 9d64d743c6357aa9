"""Read and validate `sources.yml`: each source against the settings of its own connector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, Tag, model_validator

from goodwill.settings.loading import load_yaml
from goodwill.sources.connectors import CONNECTORS
from goodwill.sources.declared import Declared, Source
from goodwill.sources.presets import expand

__all__ = ["Sources", "load_sources"]


def _connector_of(given: Any) -> str:
    return str(given.get("connector", "file") if isinstance(given, dict) else getattr(given, "connector", "file"))


if TYPE_CHECKING:
    AnySource = Source
else:
    AnySource = Annotated[
        Union[tuple(Annotated[connector.settings, Tag(name)] for name, connector in CONNECTORS.items())],  # noqa: UP007 - made of a list
        Discriminator(
            _connector_of,
            custom_error_type="unknown_connector",
            custom_error_message=f"unknown connector; known: {', '.join(CONNECTORS)}",
        ),
        BeforeValidator(expand),
    ]


class Sources(Declared):
    """The whole of `sources.yml`."""

    sources: tuple[AnySource, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Sources:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources with one name: {', '.join(twice)}; give each its own")
        if not any({"orders", "subscriptions"} & set(source.entities) for source in self.sources):
            raise ValueError("no source feeds 'orders' or 'subscriptions': one of them is required")
        with_system = {source.name for source in self.sources if source.system}
        if with_system and len(with_system) < len(names):
            bare = [name for name in names if name not in with_system]
            raise ValueError(
                f"sources without 'system' beside sources with one: {', '.join(bare)}; name the system of each, so ids cannot collide"
            )
        return self

    def by_name(self, name: str) -> Source:
        return next(source for source in self.sources if source.name == name)

    def entities_given(self) -> set[str]:
        return {entity for source in self.sources for entity in source.entities}


def load_sources(path: Path) -> Sources:
    """The sources in `path`.

    Raises
    ------
    ConfigurationError : the file is missing, is not YAML, or holds a key or value that is not allowed; all problems at once.
    """
    return load_yaml(path, Sources)
