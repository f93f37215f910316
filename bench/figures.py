"""Figures with goals, and how a measurement ends: lines for people, one of JSON, a status."""

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A value that must not be above its goal, or with `at_least` not below it."""

    name: str
    value: float
    goal: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def conclude(figures: Sequence[Figure], **facts: object) -> int:
    """Print each figure and whether its goal is met, and all of it as JSON; the exit status."""
    for figure in figures:
        bound = "at least" if figure.at_least else "at most"
        print(
            f"{figure.name:44} {figure.value:12,.2f} {figure.unit}"
            f" ({bound} {figure.goal:g}): {'met' if figure.is_met else 'MISSED'}"
        )
    met = all(figure.is_met for figure in figures)
    values = {
        figure.name: {"value": round(figure.value, 3), "goal": figure.goal} for figure in figures
    }
    print(json.dumps({**facts, "figures": values, "met": met}))
    return 0 if met else 1
