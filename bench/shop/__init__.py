"""A seeded shop as source files: `python -m bench.shop --orders 20000 --seed 7 --out DIR`."""

from bench.shop.making import make_shop
from bench.shop.parameters import FIRST_DAY, LAST_DAY, Parameters

__all__ = ["FIRST_DAY", "LAST_DAY", "Parameters", "make_shop"]
