"""What data must look like at a boundary: reviewed rules, run by Great Expectations, kept as rows and as a site."""

from goodwill.quality.data_docs import build_data_docs
from goodwill.quality.suites import Rule, Suite, load_suites
from goodwill.quality.summary import FailedRule, ValidationSummary, gate
from goodwill.quality.validation import validate

__all__ = ["FailedRule", "Rule", "Suite", "ValidationSummary", "build_data_docs", "gate", "load_suites", "validate"]
