"""What a night leaves for auditors: the record of each run and stage, the signed ledger, and the audit tables of a publication."""

from goodwill.audit.ends import enter_late_ends
from goodwill.audit.form import bring_up
from goodwill.audit.intact import changed_warehouse, check_batches, check_lists, check_models_ledger
from goodwill.audit.ledger import append, head
from goodwill.audit.lineage import write_lineage
from goodwill.audit.lock import Lock
from goodwill.audit.proving import refuse_if_cut_off
from goodwill.audit.record import RunRecord, keep_configuration, read_runs, staged
from goodwill.audit.rows import enter_batches, enter_checks, enter_correction, enter_drift, enter_end, enter_publication
from goodwill.audit.tables import write_audit_tables

__all__ = [
    "Lock",
    "RunRecord",
    "append",
    "bring_up",
    "changed_warehouse",
    "check_batches",
    "check_lists",
    "check_models_ledger",
    "enter_batches",
    "enter_checks",
    "enter_correction",
    "enter_drift",
    "enter_end",
    "enter_late_ends",
    "enter_publication",
    "head",
    "keep_configuration",
    "read_runs",
    "refuse_if_cut_off",
    "staged",
    "write_audit_tables",
    "write_lineage",
]
