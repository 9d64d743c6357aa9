"""What identity needs and SQL cannot say: phone numbers in one notation, and, where it is wanted, a statistical model of who is who."""

from goodwill.identity.resolving import resolve

__all__ = ["resolve"]
