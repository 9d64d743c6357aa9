"""Secrets: found by name, in a known order, and never shown."""

from __future__ import annotations

import json

import pytest
from goodwill.errors import ConfigurationError
from goodwill.sources.credentials import Credentials, from_environment, masked, resolve

URI = "postgresql://me:p%40ss%2Fword@db:5432/shop?sslmode=require&sslpassword=oth%26er"


def test_the_explicit_variable_wins_over_airflow_and_airflows_variable_comes_last(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_ERP", "b://variable")
    assert resolve("erp", lambda name: None).uri == "b://variable"
    assert resolve("erp", lambda name: "a://store").uri == "a://store"
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", "c://explicit")
    assert resolve("erp", lambda name: "a://store").uri == "c://explicit"


def test_airflows_json_is_read(monkeypatch):
    given = {
        "conn_type": "postgres",
        "login": "me",
        "password": "p@ss/word",
        "host": "db",
        "port": 5432,
        "schema": "shop",
        "extra": {"sslmode": "require"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_ERP", json.dumps(given))
    assert from_environment("erp") == "postgres://me:p%40ss%2Fword@db:5432/shop?sslmode=require"


@pytest.mark.parametrize("given", ['{"password": "s3cret', '{"conn_type": "x", "extra": "{s3cret"}'])
def test_json_that_is_broken_is_not_quoted(monkeypatch, given):
    monkeypatch.setenv("AIRFLOW_CONN_ERP", given)
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_ERP is neither") as caught:
        from_environment("erp")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"cannot reach {URI}",
        "password=p@ss/word is wrong",
        "quoted: p%40ss%2Fword",
        "and oth&er or oth%26er",
    ],
)
def test_what_a_driver_says_is_masked(text):
    said = masked(text, Credentials("erp", URI))
    for secret in ("p@ss/word", "p%40ss%2Fword", "oth&er", "oth%26er"):
        assert secret not in said
    assert said != text


def test_what_holds_no_secret_stays_as_it_is():
    assert masked("relation does not exist", Credentials("erp", URI)) == "relation does not exist"
    assert masked("no route to db", Credentials("erp", "postgresql://db/shop")) == "no route to db"


def test_a_secret_too_short_to_cut_out_takes_the_message_with_it():
    assert "abc" not in masked("the abc of abcission", Credentials("erp", "x://u:abc@h/d"))
    assert "withheld" in masked("the abc", Credentials("erp", "x://u:abc@h/d"))


def test_secrets_in_airflows_extras_are_masked():
    uri = "x://h/d?__extra__=" + "%7B%22token%22%3A+%22s3cret-token%22%2C+%22region%22%3A+%22europe%22%7D"
    assert masked("s3cret-token in europe", Credentials("erp", uri)) == "*** in europe"


def test_credentials_show_their_name_only():
    shown = f"{Credentials('erp', URI)} {Credentials('erp', URI)!r}"
    assert "erp" in shown
    assert "p%40ss" not in shown
