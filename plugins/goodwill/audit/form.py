"""The form of a home's files: a number, raised whenever they change in a way that older code could not read."""

from __future__ import annotations

from goodwill.audit.ledger import append
from goodwill.audit.record import read_runs
from goodwill.audit.seals import seal_grown
from goodwill.clock import now
from goodwill.errors import ConfigurationError
from goodwill.files import private_folder, replace_text
from goodwill.home import Home
from goodwill.privacy.forgotten import bring_over

__all__ = ["FORM", "bring_up", "form_of"]

#: What this version writes. 0: before there was a number; 1: the ledger, and the configuration kept with each run; 2: the list of the forgotten
#: in lines, sealed, and the ledgers of segments for their owner alone.
FORM = 2


def form_of(home: Home) -> int:
    """The form of a home; 0 for one of before forms were numbered.

    Raises
    ------
    ConfigurationError : the number cannot be read.
    """
    if not home.form_file.exists():
        return 0
    text = home.form_file.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdigit():
        raise ConfigurationError(
            f"{home.form_file}: {text[:20]!r} is not a form of a home", f"write {FORM} there, if this version made the home"
        )
    return int(text)


def bring_up(home: Home) -> bool:
    """Bring an older home to the present form, on record; whether there was anything to do.

    From 0 to 1 no file moves: what landed and was published before is read as it is, and is not in the ledger. To 2 the list of the forgotten
    moves, and is sealed; nobody but the owner gets into the ledgers of segments any more.

    Raises
    ------
    ConfigurationError : the home was made by a newer version.
    """
    found = form_of(home)
    if found > FORM:
        raise ConfigurationError(
            f"this home has form {found}, and this version of Goodwill knows forms up to {FORM}",
            "install the newer version again; or restore the home from a backup of before it was brought up",
        )
    if found == FORM:
        return False
    for folder in (*home.audit.glob("segment_ledger"), *home.root.glob("runs/*/segment_ledger")):
        private_folder(folder)
    is_old = bring_over(home) or any(run.get("verdict") != "running" for run in read_runs(home))
    if is_old:
        append(home, "migration", {"from": found, "to": FORM, "at": now(), **seal_grown(home)})
    home.form_file.parent.mkdir(parents=True, exist_ok=True)
    replace_text(home.form_file, f"{FORM}\n")
    return is_old
