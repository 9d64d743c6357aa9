"""The auditors' report: of a night or of a month, on paper or on a screen, in English or in French, from the ledger and the records of the runs."""

from goodwill.audit_report.facts import NothingRan
from goodwill.audit_report.filing import file_report, sign
from goodwill.audit_report.page import write_report
from goodwill.audit_report.period import Period

__all__ = ["NothingRan", "Period", "file_report", "sign", "write_report"]
