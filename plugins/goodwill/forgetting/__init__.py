"""Forgetting people: who is meant, every place that tells of them, the proof that it was done; and what a person may ask to see."""

from goodwill.forgetting.erasing import Erased, Request, erase, finish_pending, lift
from goodwill.forgetting.finding import Asked
from goodwill.forgetting.landing import hold_against_list
from goodwill.forgetting.periods import finish_rows
from goodwill.forgetting.reapplying import clear_what_came_back, reapply

__all__ = [
    "Asked",
    "Erased",
    "Request",
    "clear_what_came_back",
    "erase",
    "finish_pending",
    "finish_rows",
    "hold_against_list",
    "lift",
    "reapply",
]
