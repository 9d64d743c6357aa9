"""The connectors: every module or package of this folder that has a `CONNECTOR`, under its own name. Adding one touches nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from goodwill.sources.connectors.protocol import Connector

__all__ = ["CONNECTORS"]

#: Connector by the name `sources.yml` uses.
CONNECTORS: dict[str, Connector[Any]] = {}
for _found in pkgutil.iter_modules(__path__):
    if _found.name != "protocol":
        CONNECTORS[_found.name] = importlib.import_module(f"{__name__}.{_found.name}").CONNECTOR
