"""The CDNOW sample, fitted and scored once for all tests that only read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest
from goodwill import clv
from goodwill.settings.business import BusinessSettings, Clv

from tests.unit.clv.histories import RUN, cdnow_sample

CDNOW_DAY = dt.date(1997, 9, 30)
#: Maximum likelihood, as in the literature.
PLAIN = BusinessSettings(clv=Clv(prior=False))


@pytest.fixture(scope="session")
def cdnow() -> Iterator[duckdb.DuckDBPyConnection]:
    """CDNOW by maximum likelihood: MBG/NBD scores, everybody's margin rate is 0.3."""
    connection = cdnow_sample()
    clv.fit(connection, PLAIN, RUN, CDNOW_DAY)
    clv.score(connection, PLAIN, RUN, CDNOW_DAY)
    yield connection
    connection.close()
