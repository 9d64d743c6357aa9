"""The models of the night, compiled once for all tests that build them."""

from __future__ import annotations

import pytest

from tests.warehouse.compiled import Model, compile_events


@pytest.fixture(scope="session")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    """Every model up to customer value, in the order in which they are built."""
    return compile_events(tmp_path_factory.mktemp("compiled"))
