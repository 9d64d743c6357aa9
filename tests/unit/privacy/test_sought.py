"""Words are found in files of any size as the regular expression finds them in their whole text, and large files without them are soon done with."""

from __future__ import annotations

import io
import re
import time

import pytest
from goodwill.forgetting import sought
from goodwill.forgetting.sought import Sought
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = ["Ann Smith", "ann@x.org", "06 12 34 56 78", "+33612345678", "Zoë", "é", "Ñu", "x1", "Łódź 12"]
PIECES = [
    *WORDS,
    "ANN SMITH",
    "Ann \u017fmith",
    "ann sm\u0131th",
    "ANN SM\u0130TH",
    "ann",
    "smith",
    "anna smithson",
    "06.12.34.56.78",
    "(06) 12-34 56 78",
    "0612345678",
    "zoË",
    "É",
    "X1",
    " ",
    "\n",
    "12",
]


@settings(max_examples=300, deadline=None)
@given(
    words=st.frozensets(st.sampled_from(WORDS), min_size=1, max_size=3),
    pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=6) | st.binary(max_size=4), max_size=12),
    chunk=st.integers(4100, 4200),
    padding=st.integers(0, 9000),
)
def test_they_are_found_as_in_the_whole_text(words, pieces, chunk, padding):
    content = b"-" * padding + b"".join(each if isinstance(each, bytes) else each.encode("utf-8", "replace") for each in pieces) + b"-" * 50
    looked = Sought(words)
    wanted = re.search(looked.pattern, content.decode("utf-8", "ignore")) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sought, "_CHUNK", chunk)
        assert looked.is_in(io.BytesIO(content)) == wanted
    if wanted:
        assert looked.may_be_in(content)


def test_of_no_words_there_is_nothing():
    assert not Sought().is_in(io.BytesIO(b"anything"))
    assert Sought().replaced("anything", "erased") == "anything"


def test_what_is_replaced_is_what_is_found():
    looked = Sought(frozenset(WORDS))
    assert looked.replaced("ask ANN SMITH, tel. 06.12.34.56.78 or zoe", "erased") == "ask erased, tel. erased or zoe"
    assert looked.replaced("bytes \udcff of Ann Smith", "erased") == "bytes \udcff of erased"


def test_a_large_file_without_them_costs_a_look_at_its_bytes():
    """An erasure reads every file of a home: the regular expression alone would take three minutes for a gigabyte."""
    looked = Sought(frozenset({"Ann Smith", "ann@x.org", "06 12 34 56 78", "+33612345678"}))
    content = b"O000000123,2024-03-31 10:22:00,C12345,19.99,0.00,paid,web,note 77 of order\n" * 430_000
    started = time.process_time()
    assert not looked.is_in(io.BytesIO(content))
    looking, started = time.process_time() - started, time.process_time()
    assert not re.search(looked.pattern, content[: len(content) // 16].decode())
    assert looking < 4 * (time.process_time() - started), "sixteen times as much, and it may take four times as long"


@pytest.mark.parametrize("text", ["Ann \u017fmith", "ann sm\u0131th", "ANN SM\u0130TH", "X\u212aY 7"])
def test_a_letter_that_stands_for_one_of_ascii_is_looked_at_too(text):
    looked = Sought(frozenset({"Ann Smith", "xky 7"}))
    wanted = re.search(looked.pattern, text) is not None
    assert looked.is_in(io.BytesIO(text.encode())) == wanted
    assert (looked.replaced(text, "erased") == "erased") == wanted
