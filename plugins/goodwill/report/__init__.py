"""The report of the night: one self-contained page, and the few lines a terminal shows. Reads the warehouse, writes nothing in it."""

from goodwill.report.page import build_report, stylesheet
from goodwill.report.summary import summary_text

__all__ = ["build_report", "stylesheet", "summary_text"]
