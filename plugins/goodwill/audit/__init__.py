"""What a night leaves for auditors: the record of each run and stage, the signed ledger, and the audit tables of a publication."""

from goodwill.audit.ledger import append, head
from goodwill.audit.lock import Lock
from goodwill.audit.record import RunRecord, read_runs, staged
from goodwill.audit.rows import enter_batches, enter_checks, enter_correction, enter_end, enter_publication
from goodwill.audit.tables import write_audit_tables

__all__ = [
    "Lock",
    "RunRecord",
    "append",
    "enter_batches",
    "enter_checks",
    "enter_correction",
    "enter_end",
    "enter_publication",
    "head",
    "read_runs",
    "staged",
    "write_audit_tables",
]
