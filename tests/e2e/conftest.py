"""What the tests of pages share: one browser a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.browser import Page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    opened = Page(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()
