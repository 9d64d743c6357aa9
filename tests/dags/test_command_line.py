"""`goodwill run` as a person starts it: a process of its own, an exit code, a summary, paths that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from goodwill.home import Home

from tests.conftest import ORDERS_SOURCE


def goodwill(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "goodwill", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "plugins"), "COLUMNS": "200"},
    )


@pytest.fixture(scope="module")
def home(shop_home) -> Home:
    return shop_home(orders=300, seed=4)


@pytest.fixture(scope="module")
def published(home):
    return goodwill("run", "--home", home.root, "--as-of", "2026-06-30")


def test_a_published_night_exits_0_and_says_where_to_look(published):
    assert published.returncode == 0, published.stdout + published.stderr
    for name in ("report", "database", "data docs"):
        path = Path(re.search(rf"^{name} +(.+)$", published.stdout, re.MULTILINE)[1])
        assert path.is_file()
    for stage in ("extract orders", "build staging", "fit clv", "segments", "publish"):
        assert f"✓ {stage}" in published.stdout


def test_a_blocked_night_exits_2_and_names_the_file(home, published):
    file = home.root / "input" / "orders.csv"
    text = file.read_text()
    file.write_text(text.replace("net_amount", "net amout", 1))
    try:
        done = goodwill("run", "--home", home.root)
    finally:
        file.write_text(text)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no column 'net_amount'" in done.stdout
    assert "orders.csv" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    report = re.search(r"the report of this run: (\S+)", done.stdout)[1]
    assert "net_amount" in Path(report).read_text()
    status = goodwill("status", "--home", home.root)
    assert "blocked" in status.stdout
    assert re.search(r"published ◀ current", status.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as-of", "30/06/2026"), "is not a date"),
        (("--home", "/nowhere"), "no goodwill.yml here"),
    ],
)
def test_what_cannot_start_exits_1_with_a_remedy(home, arguments, said):
    done = goodwill("run", *(("--home", home.root) if "--home" not in arguments else ()), *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "remedy" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_configuration_exits_1_before_anything_starts(make_home):
    home = make_home(goodwill="company: {business_time_zone: Europe/Pari}")
    done = goodwill("run", "--home", home.root)
    assert done.returncode == 1
    assert "Europe/Pari" in done.stderr
    assert not (home.root / "runs").exists()


def test_check_shows_rows_columns_and_first_errors_and_lands_nothing(make_home):
    home = make_home(**{"orders.csv": "order_id,ordered_at,customer_id,amount\n1,2025-01-01,c,1\n2,soon,c,x\n"})
    done = goodwill("check", "--home", home.root)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 2 rows (50.0%) have an error, more than 5.0%: the night would be blocked" in done.stdout
    assert "2 rows" in done.stdout
    assert "1 with an error" in done.stdout
    assert "contact_ref ← customer_id" in done.stdout
    assert "orders.csv, row 2, column ordered_at: BAD_TIMESTAMP, value 'soon'" in done.stdout
    assert not home.landing.exists()


def test_check_names_a_missing_file_and_exits_1(make_home):
    home = make_home()
    done = goodwill("check", "--home", home.root)
    assert done.returncode == 1
    assert "orders.csv does not exist" in done.stdout


def test_check_counts_the_share_of_bad_rows_over_all_files_of_a_source(make_home):
    """One bad row of two in today's small file is nothing among a year's: the night would not stop, and neither does the check."""
    header = "order_id,ordered_at,customer_id,amount\n"
    year = header + "".join(f"y{number},2025-01-01,c,1\n" for number in range(100))
    home = make_home(
        sources=ORDERS_SOURCE.replace("orders.csv", "*.csv"), **{"year.csv": year, "today.csv": f"{header}t1,2025-01-02,c,1\nt2,soon,c,1\n"}
    )
    done = goodwill("check", "--home", home.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "would be quarantined" in done.stdout
