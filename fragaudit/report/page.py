"""What the HTML reports share: one self-contained page, light and dark, that asks nothing of a network."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from fragaudit.report.excerpt import clean


def page(title: str, body: str, *, style: str = "", scripts: str = "") -> str:
    """Return a page. `body`, `style` and `scripts` are markup already; the title is text.

    Its policy allows what stands in it and forbids every request.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(title)}</title>\n<style>\n{asset('page.css')}{style}</style>\n</head>\n<body>\n"
        f"{body}{scripts}</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Return a value as text of a page or an attribute: markup and control characters are taken out of it."""
    return escape(clean(str(value)))


@cache
def asset(name: str) -> str:
    """Return the text of a file that is shipped with the reports."""
    return (files("fragaudit.report") / "assets" / name).read_text(encoding="utf-8")
