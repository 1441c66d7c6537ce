"""Follows query expressions through the statements of a scope: what a library's reading of its calls may use of that.

Within, by reason to change:

- `framework`: what a library's reading of its calls has to answer;
- `scope`, `asked`: what is known while one scope is followed, and what is reported from it;
- `names`, `alternatives`: what names stand for where choices are made, and what may be one of several things;
- `statements`: what a statement does with what its expression is;
- `expressions`: which kinds of expression there are, and what the simple ones are;
- `references`, `operators`, `containers`, `calls`: what names and attributes, operators, lists and dictionaries, and
  calls are;
- `handing`, `arms`: queries on their way between functions; which arms of a function the constants of a call decide;
- `conditions`: arguments that are conditions of a query.
"""

from __future__ import annotations

from fragaudit.link.queries.flow.asked import MOST_OPTIONS, Asked, options
from fragaudit.link.queries.flow.framework import Framework
from fragaudit.link.queries.flow.scope import Flow, Shared

__all__ = ["MOST_OPTIONS", "Asked", "Flow", "Framework", "Shared", "options"]
