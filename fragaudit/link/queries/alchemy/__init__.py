"""SQLAlchemy and SQLModel, and what is like them: `select(…)`, `session.query(…)`, `Model.query`, Core tables.

Peewee, Piccolo and Ormar are written much the same way. Within, by reason to change:

- `framework`: which call, attribute or operator is understood by which module; `things`: what they give besides others;
- `starts`, `chains`, `ends`: a query from its start to where it is run;
- `sources`, `joins`, `relations`, `loading`: tables, how they are joined, what relationships lead to and load;
- `members`, `columns`, `comparisons`, `functions`, `existing`, `orders`: columns, conditions, expressions and keys;
- `hybrids`: what a class computes from its columns; `oslo`: the queries that oslo.db makes;
- `methods`, `records`: methods of what isn't a query.
"""

from __future__ import annotations

from fragaudit.link.queries.alchemy.framework import Alchemy

__all__ = ["Alchemy"]
