"""Keyed hashes: the same in Python and SQL, and of no use without the keys."""

from __future__ import annotations

import hashlib

import duckdb
from goodwill.home import Home
from goodwill.privacy.hashing import HashKeys, hash_keys

TEXTS = ["ann@example.org", "", "Zoë ✓ 名前", "+33612345678", "o'brien@example.org"]


def test_sql_and_python_agree(tmp_path):
    keys = hash_keys(Home(tmp_path))
    with duckdb.connect() as connection:
        connection.execute("create schema control; create table control.keys (inner_key varchar, outer_key varchar)")
        connection.execute("insert into control.keys values (?, ?)", [keys.inner, keys.outer])
        for text in TEXTS:
            assert connection.execute(f"select {HashKeys.sql('?')}", [text]).fetchone() == (keys.hash(text),)


def test_a_known_value():
    inside = hashlib.sha256(b"in" + b"ann").hexdigest()
    assert HashKeys("in", "out").hash("ann") == hashlib.sha256(f"out{inside}".encode()).hexdigest()[:32]


def test_each_key_matters_and_fills_a_block(tmp_path):
    keys = hash_keys(Home(tmp_path))
    assert (len(keys.inner), len(keys.outer)) == (64, 64)
    assert keys.inner != keys.outer
    others = [HashKeys(keys.outer, keys.inner), hash_keys(Home(tmp_path), "suppression")]
    assert len({each.hash("ann") for each in (keys, *others)}) == 3


def test_the_keys_are_not_shown():
    assert repr(HashKeys("in", "out")) == "HashKeys()"
