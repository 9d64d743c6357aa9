"""The home that people are forgotten from: made once, and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from goodwill.home import Home

from tests.unit.privacy.people_home import make_home_of_people


@pytest.fixture(scope="session")
def home_of_people(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home_of_people(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def home(home_of_people: Home, tmp_path: Path) -> Home:
    """A copy of the home in which every kind of file tells of Ann."""
    shutil.copytree(home_of_people.root, tmp_path / "home", symlinks=True)
    return Home.at(tmp_path / "home")
