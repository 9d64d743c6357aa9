"""The CDNOW sample, fitted and scored once for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from goodwill import clv
from goodwill.settings.business import BusinessSettings

from tests.unit.clv.histories import RUN, cdnow_sample

CDNOW_DAY = "1997-09-30"


@pytest.fixture(scope="session")
def cdnow() -> Iterator[duckdb.DuckDBPyConnection]:
    """CDNOW with default settings: MBG/NBD scores, everybody's margin rate is 0.3."""
    import datetime as dt

    connection = cdnow_sample()
    clv.fit(connection, BusinessSettings(), RUN, dt.date.fromisoformat(CDNOW_DAY))
    clv.score(connection, BusinessSettings(), RUN, dt.date.fromisoformat(CDNOW_DAY))
    yield connection
    connection.close()
