"""Options of the test run."""

from __future__ import annotations

import pytest

import fragaudit.link.evaluate  # noqa: F401  # it allows for more frames, which hypothesis must see before its first test


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden reports instead of comparing them")
