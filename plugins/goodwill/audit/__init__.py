"""What a night leaves for auditors: the record of each run and stage, and the audit tables of a publication."""

from goodwill.audit.lock import Lock
from goodwill.audit.record import RunRecord, read_runs, staged
from goodwill.audit.tables import write_audit_tables

__all__ = ["Lock", "RunRecord", "read_runs", "staged", "write_audit_tables"]
