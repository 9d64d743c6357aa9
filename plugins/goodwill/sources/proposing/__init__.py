"""Propose `sources.yml` from the files themselves: what each is, how it is read, which column feeds which, and how sure that is."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

from goodwill.errors import SourceError
from goodwill.sources.proposing.choosing import propose_source
from goodwill.sources.proposing.meeting import hold_together
from goodwill.sources.proposing.names import normal
from goodwill.sources.proposing.proposal import EntityProposal, Line, SourceProposal
from goodwill.sources.proposing.sample import Sample, read_samples
from goodwill.sources.proposing.writing import sources_text

__all__ = ["EntityProposal", "Line", "SourceProposal", "propose", "sources_text"]


def _name(path: Path, sheet: str, taken: set[str]) -> str:
    """A name for a source from its sheet's, its file's, or its folder's: small letters, digits and `_`, a letter first, no name twice."""
    words = sheet or re.sub(r"[.].*", "", path.name.replace("*", " ")).rstrip(" 0123456789-_")
    name = (normal(words) or normal(path.parent.name)).replace(" ", "_")[:50].strip("_")
    name = name if name and name[0].isalpha() else f"source_{name}".rstrip("_")
    fresh, number = name, 2
    while fresh in taken:
        fresh, number = f"{name}_{number}", number + 1
    taken.add(fresh)
    return fresh


def _alike(samples: Iterable[Sample]) -> list[list[Sample]]:
    """Files of one folder that have one header and read alike: day files of one source."""
    groups: dict[tuple[object, ...], list[Sample]] = {}
    for sample in samples:
        key = (sample.path.parent, "".join(sample.path.suffixes[-2:]), tuple(sample.columns), tuple(sorted(sample.settings.items())))
        groups.setdefault(key, []).append(sample)
    return list(groups.values())


def _together(group: list[Sample]) -> Sample:
    """One sample of several files, as many rows of each as give a good look."""
    share = max(50, 20_000 // len(group))
    columns = {name: [value for sample in group for value in sample.columns[name][:share]] for name in group[0].columns}
    return Sample(group[0].path, columns, group[0].settings, whole=False, sheet=group[0].sheet)


def _shared(words: list[str]) -> str:
    """What all words begin with."""
    first, last = min(words), max(words)
    return first[: next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _pattern(paths: list[Path]) -> str | None:
    """A path that names these files and no other: what their names begin and end with, and a star between; the shortest that does."""
    names = [path.name for path in paths]
    begin = _shared(names)
    end = _shared([name[len(begin) :][::-1] for name in names])[::-1]
    for shorter in (re.sub(r"\d[\d\-_. ]*$", "", begin), begin):
        pattern = paths[0].parent / f"{shorter}*{end}"
        if {Path(name) for name in glob.glob(str(pattern))} == set(paths):
            return str(pattern)
    return None


def _seen_from(root: Path, path: str) -> str:
    """The path as a configuration in `root` writes it: relative where the file lies in it."""
    absolute = Path(path).absolute()
    return str(absolute.relative_to(root.absolute())) if absolute.is_relative_to(root.absolute()) else str(absolute)


def _unread(root: Path, path: Path, error: SourceError, sheet: str = "") -> SourceProposal:
    """A proposal that says why there is none."""
    said = re.sub(r"^source 'sample': (file )?", "", str(error).splitlines()[0]).removeprefix(f"{path}: ")
    said = f"{said}: {error.remedy}" if error.remedy else said
    return SourceProposal(sheet or path.stem, _seen_from(root, str(path)), problem=f"sheet {sheet!r}: {said}" if sheet else said)


def propose(root: Path, files: list[Path]) -> list[SourceProposal]:
    """Propose the sources of a home at `root` from `files`; a file that cannot be read is a proposal with a problem."""
    taken: set[str] = set()
    samples: list[Sample] = []
    broken: list[SourceProposal] = []
    for path in dict.fromkeys(files):
        try:
            found, without = read_samples(path)
        except SourceError as error:
            broken.append(_unread(root, path, error))
            continue
        samples += found
        broken += [_unread(root, path, error, sheet) for sheet, error in without]
    proposed = []
    for group in _alike(samples):
        pattern = _pattern([sample.path for sample in group]) if len(group) > 1 else None
        together = [(Path(pattern), len(group), _together(group))] if pattern else [(sample.path, 1, sample) for sample in group]
        for path, count, sample in together:
            proposal = propose_source(_name(path, sample.sheet, taken), _seen_from(root, str(path)), sample)
            proposal.files = count
            proposed.append((proposal, sample))
    hold_together(proposed)
    return [proposal for proposal, _ in proposed] + broken
