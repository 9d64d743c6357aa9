"""Which model scores, and whether its forecasts are good enough to: rules over the holdouts, the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goodwill.clv.holdout import FEWEST_PURCHASES
from goodwill.clv.outlooks import ModelName

__all__ = ["CANDIDATES", "Gate", "choose", "judge", "loss"]

#: Models that may be chosen by rule. BG/NBD takes every one-time buyer for alive, which the life cycle must not read: by setting only.
CANDIDATES: tuple[ModelName, ...] = ("mbg_nbd", "pareto_nbd")
#: Holdouts in a row in which a model must be the better one before it takes over.
TWICE = 2
NAIVE = "same_as_last_period"

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Gate:
    """*passed*, *failed*, or *not judged*, and why."""

    verdict: str
    message: str


def judge(results: Sequence[Result], model: str, ratio: float) -> Gate:
    """The gate of the latest holdout: the forecast lies within `ratio` of what happened, and is not worse than "same as last period".

    Worse means both further off in all and further off by customer; a season may cost either. Weeks that a year before held less, or more,
    than `ratio` allows of what even weeks would are judged by the forecast times that; out of season, where next to nothing was to be
    expected and happened, they are not judged.
    """
    found = _of_the_last_cut(results, model)
    if found is None:
        return Gate("not judged", "no holdout yet")
    if "bias" not in found:
        return Gate("not judged", f"not fitted at {found['cut_on']}: {found['message']}")
    in_season = _in_season(found, ratio)
    if in_season is not None:
        return in_season
    naive = _of_the_last_cut(results, NAIVE)
    said = f"in the {found['weeks']} weeks after {found['cut_on']} the forecast was "
    if found.get("actual") == 0:
        return Gate("failed", f"{said}{found['predicted']:.0f} purchases, and none happened")
    said += f"{1 + found['bias']:.3f} times what happened"
    if not 1 / ratio <= 1 + found["bias"] <= ratio:
        return Gate("failed", f"{said}; allowed is {1 / ratio:.2f} to {ratio:.2f}")
    if naive and abs(found["bias"]) > abs(naive["bias"]) and found["mae"] > naive["mae"]:
        return Gate("failed", f"{said}; 'same as last period' did better, in all ({1 + naive['bias']:.3f}) and by customer")
    return Gate("passed", said)


def _in_season(found: Result, ratio: float) -> Gate | None:
    """The verdict on weeks of a strong season that speaks for the model; None where there is no such season, or it does not."""
    season = found.get("season")
    if season is None or 1 / ratio <= season <= ratio:
        return None
    actual, expected = found["actual"], found["predicted"] * season
    said = (
        f"in the {found['weeks']} weeks after {found['cut_on']} the forecast was {found['predicted']:.0f} purchases, {expected:.0f} times "
        f"their season (a year before they brought {season:.2f} times what even weeks would), and {actual} happened"
    )
    if max(expected, actual) < FEWEST_PURCHASES:
        return Gate("not judged", said)
    return Gate("passed", said) if 1 / ratio <= expected / max(actual, 1) <= ratio else None


def _of_the_last_cut(results: Sequence[Result], model: str) -> Result | None:
    found = [result for result in results if result["model"] == model]
    return max(found, key=lambda result: result["cut_on"], default=None)


def loss(results: Sequence[Result], model: str) -> float | None:
    """What speaks against a model, lower is better: mean over the cuts of |bias|, of its error by tenths, and of its error by customer
    over that of "same as last period"; None unless it was judged at every cut."""
    naive = {result["cut_on"]: result for result in results if result["model"] == NAIVE}
    found = [result for result in results if result["model"] == model]
    if not found or any("bias" not in result for result in found):
        return None
    losses: list[float] = [
        abs(result["bias"]) + result["decile_error"] + result["mae"] / max(naive[result["cut_on"]]["mae"], 1e-12) for result in found
    ]
    return round(sum(losses) / len(losses), 6)


def choose(results: Sequence[Result], incumbent: ModelName, streak: Mapping[str, int]) -> tuple[ModelName, dict[str, int], str]:
    """The model that scores from now on: the incumbent, unless the best other one has now been better twice running.

    Parameters
    ----------
    streak : model → in how many holdouts in a row it was better than the incumbent.

    Returns
    -------
    The model, the streaks to remember, and the reason.
    """
    losses = {model: loss(results, model) for model in CANDIDATES}
    mine = losses.get(incumbent)
    judged = {model: value for model, value in losses.items() if value is not None}
    said = ", ".join(f"{model} {value:.3f}" for model, value in judged.items()) or "nothing was judged"
    if mine is None or len(judged) < TWICE:
        return incumbent, dict(streak), f"{incumbent} stays: there is nothing to compare it with ({said})"
    better: dict[str, int] = {model: streak.get(model, 0) + 1 for model, value in judged.items() if value < mine}
    ready = [model for model in judged if better.get(model, 0) >= TWICE]
    if ready:
        winner = min(ready, key=lambda model: judged[model])
        return winner, {}, f"{winner} takes over from {incumbent}: better in {TWICE} holdouts running ({said})"
    again = f"; {', '.join(better)} was better, and takes over if it is so again" if better else ""
    return incumbent, dict(better), f"{incumbent} stays ({said}){again}"
