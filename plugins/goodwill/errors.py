"""The errors a person meets: each says where, what, and what to do about it."""

__all__ = ["UNWRITABLE", "ConfigurationError", "GateBlocked", "GoodwillError", "HeldError", "SourceError", "plain"]

#: What to do about a home that cannot be written to.
UNWRITABLE = (
    "mount its file system for writing, or let this user write there (chown, chmod), then run again; "
    "what only reads (status, doctor, audit verify, audit explain, quarantine list) works meanwhile"
)


def plain(text: str, kept: str = "") -> str:
    """Text with its control characters written out: what a file says moves no cursor and begins no line in a log."""
    return "".join(char if char.isprintable() or char in kept else char.encode("unicode_escape").decode() for char in text)


class GoodwillError(Exception):
    """A failure that a person can act on.

    Parameters
    ----------
    message : what happened, naming the source, file, row, column and value where there are any.
    remedy : what to do about it, one sentence.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message = plain(message, "\n")
        self.remedy = remedy = plain(remedy, "\n")
        super().__init__(f"{message}\n  remedy: {remedy}" if remedy else message)


class ConfigurationError(GoodwillError):
    """`goodwill.yml` or `sources.yml` cannot be used as it is."""


class HeldError(GoodwillError):
    """Another run holds the warehouse, and was heard of lately: this one does not begin, and nothing is wrong."""


class SourceError(GoodwillError):
    """A source cannot be read, or its structure is broken: the batch is not landed."""


class GateBlocked(GoodwillError):  # noqa: N818 - a gate that says no is an outcome, not an error
    """A critical check failed at a boundary: nothing is published, yesterday's publication stays."""

    def __init__(self, boundary: str, failures: list[str], remedy: str = "") -> None:
        self.boundary = boundary
        self.failures = failures
        lines = "\n".join(f"  - {failure}" for failure in failures)
        super().__init__(f"blocked at the '{boundary}' gate:\n{lines}", remedy)
