"""SQLAlchemy and SQLModel: declarative classes, imperative tables, and the indexes that stand beside them.

Within, by reason to change:

- `mapper`: which classes and calls make which tables, one after what they are derived from;
- `kinds`, `tablenames`: which classes have a table, and how it is called;
- `libraries`: columns that libraries' mixins bring;
- `bodies`: how what a class inherits is read for it;
- `columns`, `fields`, `annotations`: columns, those of SQLModel, and what annotations say of them;
- `arguments`, `conventions`: `__table_args__`, naming conventions of metadata;
- `relations`, `imperative`: relationships, tables that calls of `Table` make.
"""

from __future__ import annotations

from fragaudit.link.orm.sqlalchemy.mapper import Alchemy

__all__ = ["Alchemy"]
