"""Errors of the machine: the same want has the same remedy, whoever says it."""

from __future__ import annotations

import duckdb
import pytest
from goodwill.causes import explained
from goodwill.errors import GoodwillError

TOO_LITTLE_MEMORY = [
    MemoryError(),
    OSError(12, "Cannot allocate memory"),
    ImportError("scipy/spatial/_distance_pybind.so: failed to map segment from shared object"),
    RuntimeError("can't start new thread"),
    duckdb.OutOfMemoryException("Out of Memory Error: Failed to allocate block of 2048 bytes (bad allocation)"),
    duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB (2.9 GiB/3.0 GiB used)"),
]


@pytest.mark.parametrize("error", TOO_LITTLE_MEMORY, ids=repr)
def test_too_little_memory_has_one_remedy(error):
    with pytest.raises(GoodwillError, match=r"^stage 'prepare': \w+:") as raised, explained("stage 'prepare'"):
        raise error
    assert raised.value.remedy.startswith("let the night have more memory (what ulimit -v, the container or the machine allows)")
    assert "$GOODWILL_MEMORY_LIMIT" in raised.value.remedy


def test_what_is_behind_an_error_is_heard():
    broken = ImportError("The `scipy` install you are using seems to be broken, please try reinstalling.")
    broken.__cause__ = ImportError("scipy/_ccallback.so: failed to map segment from shared object")
    with pytest.raises(GoodwillError, match="failed to map segment") as raised, explained("stage 'prepare'"):
        raise broken
    assert raised.value.remedy.startswith("let the night have more memory")


@pytest.mark.parametrize("error", [ImportError("no module named 'x'"), RuntimeError("of the program")], ids=repr)
def test_an_error_of_the_program_goes_on_as_it_is(error):
    with pytest.raises(type(error)) as raised, explained("stage 'prepare'"):
        raise error
    assert raised.value is error
