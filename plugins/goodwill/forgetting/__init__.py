"""Forgetting people: who is meant, every place that tells of them, the proof that it was done; and what a person may ask to see."""

from goodwill.forgetting.erasing import Erased, Request, erase, finish_pending
from goodwill.forgetting.landing import hold_against_list

__all__ = ["Erased", "Request", "erase", "finish_pending", "hold_against_list"]
