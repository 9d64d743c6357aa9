"""The project holds no path or host of the machine it was made on, no secret, and documents whose links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.structure.project import ROOT, files, project_files

#: Written in parts, so that this file does not hold what it forbids.
PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.])/" + r"(?:work|root|Users|private|mnt|builds)/[\w.]",
        r"(?<![\w.])/" + r"tmp/\w",
        r"[A-Z]:" + r"\\\\?Users",
        r"--(?:extra-)?index-" + r"url|find-" + r"links",
        r"https?://(?:[\w-]+\.)*(?:pypi|npmjs|artifactory|nexus|jfrog)\b[\w./-]*",
        r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b(?![.\d])",
    )
)
SECRETS = tuple(
    re.compile(pattern)
    for pattern in (
        r"-----BEGIN [A-Z ]*" + r"PRIVATE KEY-----",
        r"\bAKIA" + r"[0-9A-Z]{16}\b",
        r"\bgh[pousr]_" + r"[A-Za-z0-9]{36}\b",
        r"\bxox[abprs]-" + r"[\w-]{10,}",
    )
)
#: Made by others, kept as they came, with their licences.
VENDORED = ("plugins/goodwill/report/assets/echarts/", "plugins/goodwill/quality/assets/")
BINARY = {".png", ".jpg", ".ico", ".woff2", ".parquet", ".gz", ".duckdb"}


def places(text: str, patterns: tuple[re.Pattern[str], ...] = PLACES) -> list[str]:
    """What a text holds of these, with its line."""
    return [f"line {text[: match.start()].count(chr(10)) + 1}: {match.group()}" for pattern in patterns for match in pattern.finditer(text)]


def own_texts() -> list[Path]:
    return [path for path in project_files() if path.suffix not in BINARY and not str(path.relative_to(ROOT)).startswith(VENDORED)]


def test_no_machine_path_or_host() -> None:
    # a fixture may be written in another encoding, or be damaged on purpose
    found = {
        str(path.relative_to(ROOT)): hits for path in own_texts() if (hits := places(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_no_secret() -> None:
    found = {
        str(path.relative_to(ROOT)): hits
        for path in own_texts()
        if (hits := places(path.read_text(encoding="utf-8", errors="replace"), SECRETS))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "cd " + "/work" + "/main",
        "open('" + "/tmp" + "/x')",
        "/root" + "/.pyenv",
        "pip install --index-" + "url x",
        "https://" + "pypi.example.com/simple",
        "host: 10." + "0.0.12",
        "192." + "168.1.7",
    ],
)
def test_rule_finds_a_place(line: str) -> None:
    assert len(places("first\n" + line)) == 1


@pytest.mark.parametrize(
    "line", ["homes/demo", "127.0.0.1:8080", "version 10.1.2", "a/tmp/b", "/opt/airflow", "https://example.com/home/x"]
)
def test_rule_leaves_others_alone(line: str) -> None:
    assert places(line) == []


def test_rule_finds_a_secret() -> None:
    assert len(places("key: AKIA" + "A" * 16, SECRETS)) == 1


LINK = re.compile(r"(?<!\\)\[[^\]\[]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower().replace(" ", "-")
        for heading in headings
    }


def dead_links(path: Path, text: str, within: Path = ROOT) -> list[str]:
    """Relative links of a document that lead nowhere, or out of the project."""
    dead = []
    for target in LINK.findall(re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        leads_somewhere = file.exists() and within in (file, *file.parents)
        if leads_somewhere and anchor and file.suffix == ".md":
            leads_somewhere = anchor in anchors(file.read_text(encoding="utf-8"))
        if not leads_somewhere:
            dead.append(target)
    return dead


@pytest.mark.parametrize("path", [path for path in project_files() if path.suffix == ".md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(path: Path) -> None:
    assert dead_links(path, path.read_text(encoding="utf-8")) == []


def test_rule_finds_dead_links(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "# Two words\n[a](#two-words) [b](#three) [c](page.md) [d](nowhere.md) [e](https://example.com/x) `[f](code.md)` ![g](no.png)\n"
    text += "```\n[h](block.md)\n```\n"
    page.write_text(text, encoding="utf-8")
    assert dead_links(page, text, within=tmp_path) == ["#three", "nowhere.md", "no.png"]
    assert dead_links(page, "[up](../elsewhere.md)", within=tmp_path) == ["../elsewhere.md"]


def index_problems(names: list[str], index: str) -> list[str]:
    """Decisions that are not in the index, are there twice, or have a wrong or doubled number."""
    numbers = [name[:4] for name in names]
    problems = [f"{name}: not NNNN-title.md" for name in names if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)]
    problems += [f"{number}: two decisions" for number in sorted(set(numbers)) if numbers.count(number) > 1]
    problems += [
        f"{name}: {count} times in the index" for name in names if (count := len(re.findall(rf"\]\({re.escape(name)}\)", index))) != 1
    ]
    return problems


def test_every_decision_is_in_the_index() -> None:
    decisions = [path for path in files("docs/decisions", "*.md", at_least=2) if path.name != "README.md"]
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    assert index_problems([path.name for path in decisions], index) == []
    for path in decisions:
        assert path.read_text(encoding="utf-8").startswith("# "), f"{path.name} begins with its title"


def test_rule_finds_decisions_that_are_not_kept_in_order() -> None:
    names = ["0001-one.md", "0002-two.md", "0002-other.md", "three.md"]
    assert index_problems(names, "[a](0001-one.md) [b](0002-two.md) [c](0002-two.md) [d](0002-other.md) [e](three.md)") == [
        "three.md: not NNNN-title.md",
        "0002: two decisions",
        "0002-two.md: 2 times in the index",
    ]
