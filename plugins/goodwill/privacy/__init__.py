"""What keeps people private: the home's secret, what is personal in a table, and who has asked to be forgotten."""

from goodwill.privacy.keys import key

__all__ = ["key"]
