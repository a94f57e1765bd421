"""A browser for the report."""

from tests.thorough.browser import browser

__all__ = ["browser"]
