"""Which drivers of databases a service imports, and so which SQL it is likely to speak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from fragaudit.link.program import Program

_DRIVERS = {
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "psycopg_pool": "postgresql",
    "asyncpg": "postgresql",
    "pg8000": "postgresql",
    "pgvector": "postgresql",
    "pymysql": "mysql",
    "aiomysql": "mysql",
    "asyncmy": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
    "aiosqlite": "sqlite",
    "oracledb": "oracle",
    "cx_Oracle": "oracle",
    "pyodbc": "mssql",
}


class Drivers:
    """What imports tell: the `engine` that most of them speak of, if one has a majority, and the first `driver`."""

    def __init__(self, program: Program, files: Set[int]) -> None:
        """Look at the imports of some files."""
        votes: Counter[str] = Counter()
        self.driver = ""
        for number in sorted(files):
            for item in program.files[number].imports:
                if item.level:
                    continue
                root = item.module.partition(".")[0]
                if item.module.startswith("sqlalchemy.dialects."):
                    votes[item.module.split(".")[2]] += 1
                elif item.module == "sqlalchemy.dialects" and item.name:
                    votes[item.name] += 1
                elif root in _DRIVERS:
                    votes[_DRIVERS[root]] += 1
                    self.driver = self.driver or root
        votes = Counter({e: n for e, n in votes.items() if e in set(_DRIVERS.values())})
        # A service that speaks several dialects runs on what it is configured for; only a majority is a hint.
        engine, count = max(sorted(votes.items()), key=lambda vote: vote[1], default=("", 0))
        self.engine = engine if 2 * count > votes.total() else None
