"""A reader who never rests: opens what is published, over and over, and says at its end what it saw. A process of its own, as BI tools are.

`python -m tests.faults.reader HOME` reads until its input is closed, and prints one line of JSON.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb
from goodwill.publish.publication import fingerprints

from tests.faults.nights import ROOT, environment

__all__ = ["Reader", "Seen", "look"]

#: Seconds between two looks; one takes three hundredths of a second.
_POLL = 0.2


@dataclass
class Seen:
    """What a reader met with: looks, the publications in their order, refusals, and looks in which not everything was of one publication."""

    looks: int = 0
    publications: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)


def look(home: Path, seen: Seen) -> None:
    """Open what is published, once: every table has the rows its manifest says, and each publication, when first seen, the very contents."""
    seen.looks += 1
    try:
        folder = (home / "published" / "current").resolve(strict=True)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        with duckdb.connect(str(folder / "goodwill.duckdb"), read_only=True) as connection:
            released = connection.execute("select run_id from audit.release").fetchall()
            tables = [name for name in manifest["tables"] if name.startswith("marts.")]
            counts = connection.execute(" union all ".join(f"select '{name}', count(*) from {name}" for name in tables)).fetchall()
            is_new = folder.name not in seen.publications
            prints = fingerprints(connection, "goodwill.marts") if is_new else manifest["fingerprints"]
    except (OSError, ValueError, KeyError, duckdb.Error) as error:
        seen.refused.append(f"{type(error).__name__}: {error}")
        return
    if is_new:
        seen.publications.append(folder.name)
    rows = {name: manifest["tables"][name] for name in tables}
    if released != [(folder.name,)] or manifest["run_id"] != folder.name or dict(counts) != rows or prints != manifest["fingerprints"]:
        seen.mixed.append(f"{folder.name}: released {released}, manifest of {manifest['run_id']}, rows or contents differ")


class Reader:
    """Such a process, from here to `stop`."""

    def __init__(self, home: Path) -> None:
        given = environment()
        given["PYTHONPATH"] = f"{ROOT / 'plugins'}:{ROOT}"
        command = [sys.executable, "-m", "tests.faults.reader", str(home)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self) -> Seen:
        said, _ = self._process.communicate(timeout=60)
        if self._process.returncode:
            return Seen(refused=[f"the reader itself died: {self._process.returncode}"])
        return Seen(**json.loads(said))


def main() -> int:
    home, seen = Path(sys.argv[1]), Seen()
    while True:
        look(home, seen)
        if select.select([sys.stdin], [], [], _POLL)[0]:
            break
    print(json.dumps(asdict(seen)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
