"""An instance of Goodwill on disk: one folder, and where everything in it lives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from goodwill.errors import UNWRITABLE, ConfigurationError, GoodwillError

__all__ = ["Home"]


@dataclass(frozen=True)
class Home:
    """The folders of an instance. Nothing else in the package joins these names by hand."""

    root: Path

    @classmethod
    def at(cls, path: str | Path | None = None) -> Home:
        """The home at `path`, or at `$GOODWILL_HOME`.

        Raises
        ------
        ConfigurationError : neither is given, or the folder holds no `goodwill.yml`.
        """
        chosen = path or os.environ.get("GOODWILL_HOME")
        if not chosen:
            raise ConfigurationError("no home given", "pass --home DIR or set GOODWILL_HOME")
        home = cls(Path(chosen).expanduser().resolve())
        if not home.business_file.is_file():
            raise ConfigurationError(f"{home.root}: no goodwill.yml here", f"make one with: goodwill init {home.root}")
        return home

    def unwritable(self) -> Path | None:
        """The first of its folders that this user cannot write to: the file system is read-only, or it belongs to another. `None` if it can all be."""
        folders = (self.root, self.landing, self.warehouse, self.published, self.root / "runs", self.audit, self.privacy, self.logs)
        return next((folder for folder in folders if folder.exists() and not os.access(folder, os.W_OK | os.X_OK)), None)

    def require_writable(self) -> None:
        """Raise `GoodwillError` where this user cannot write to the home: said before the work, not after it."""
        folder = self.unwritable()
        if folder:
            raise GoodwillError(f"{folder} cannot be written to", UNWRITABLE)

    @property
    def business_file(self) -> Path:
        return self.root / "goodwill.yml"

    @property
    def sources_file(self) -> Path:
        return self.root / "sources.yml"

    @property
    def secret_file(self) -> Path:
        """The secret that keyed hashes are made with, unless the environment holds it."""
        return self.root / "secret.key"

    @property
    def privacy(self) -> Path:
        """Who was forgotten, and what is still to be done for whom; for its owner alone."""
        return self.root / "privacy"

    @property
    def forgotten_file(self) -> Path:
        """Keyed hashes of what forgotten people were known by, a line each."""
        return self.privacy / "forgotten.jsonl"

    @property
    def expired_file(self) -> Path:
        """Up to which day the rows of each entity are nobody's."""
        return self.privacy / "expired.json"

    @property
    def legal_hold_file(self) -> Path:
        """Ids of people whom retention keeps, one a line: not a setting, as settings are published."""
        return self.privacy / "legal_hold.txt"

    @property
    def exports(self) -> Path:
        """What was exported for a person or a developer, unless they named another place; for its owner alone."""
        return self.root / "exports"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def current(self) -> Path:
        return self.published / "current"

    @property
    def audit(self) -> Path:
        return self.root / "audit"

    @property
    def form_file(self) -> Path:
        """Which form the files of this home have."""
        return self.warehouse / "form"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def airflow(self) -> Path:
        """Airflow's own folder (metadata database, configuration) unless `$AIRFLOW_HOME` says otherwise."""
        return Path(os.environ.get("AIRFLOW_HOME") or self.root / "airflow")

    def run(self, run_id: str) -> Path:
        return self.root / "runs" / run_id

    @property
    def working_copy(self) -> Path:
        """The warehouse file the night works on. One fixed name: dbt keeps what it parsed, and views keep their catalog."""
        return self.warehouse / "working" / "warehouse.duckdb"

    @property
    def basis(self) -> Path:
        """Beside the working copy: the accepted warehouse it goes on from, or an empty file where it is built in full."""
        return self.working_copy.with_name("basis.duckdb")

    @property
    def accepted(self) -> Path:
        """The last accepted warehouse."""
        return self.warehouse / "accepted" / "warehouse.duckdb"
