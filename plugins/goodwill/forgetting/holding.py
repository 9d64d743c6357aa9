"""Who is held back from retention: people, or contacts, named one a line in `privacy/legal_hold.txt`, and all they are known by."""

from __future__ import annotations

import duckdb

from goodwill.home import Home
from goodwill.privacy.forgotten import contact_key, email_key, order_key

__all__ = ["held_back", "on_hold"]


def on_hold(home: Home) -> frozenset[str]:
    """The ids that the file names."""
    file = home.legal_hold_file
    return (
        frozenset(line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()) if file.exists() else frozenset()
    )


def held_back(home: Home) -> frozenset[str]:
    """Every identifier of theirs, as rows name them: their contacts, addresses and orders, as the last accepted night knew them."""
    ids = on_hold(home)
    if not ids:
        return frozenset()
    refs, orders = set(ids), set[str]()
    if home.accepted.is_file():
        with duckdb.connect(str(home.accepted), read_only=True) as connection:
            connection.execute("create temp table held as select unnest(?) as id", [sorted(ids)])
            people = "select person_id from intermediate.int_identities where source_ref in (from held) or person_id in (from held)"
            refs |= {
                ref
                for (ref,) in connection.execute(
                    f"select source_ref from intermediate.int_identities where person_id in ({people})"
                ).fetchall()
            }
            orders = {
                each for (each,) in connection.execute(f"select order_id from marts.fct_orders where person_id in ({people})").fetchall()
            }
    return frozenset({*map(contact_key, refs), *(key for ref in refs if (key := email_key(ref))), *map(order_key, orders)})
