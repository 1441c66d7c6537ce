"""In which dialect of SQL a service speaks to its stores."""

from __future__ import annotations

from fragaudit.model.stores import Kind, Service

_DIALECTS = {
    "postgresql": "postgres",
    "cockroachdb": "postgres",
    "timescaledb": "postgres",
    "pgvector": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "tidb": "mysql",
    "sqlite": "sqlite",
    "libsql": "sqlite",
    "mssql": "tsql",
    "oracle": "oracle",
    "duckdb": "duckdb",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "redshift": "redshift",
}


def dialect_of(engine: str) -> str:
    """Return sqlglot's name for the dialect of an engine, empty if it has none."""
    return _DIALECTS.get(engine, "")


def spoken_by(service: Service) -> str:
    """Return the dialect of a service's stores: its primary's, or the only one that any of them speaks."""
    primary = next((s for s in service.stores if s.id == service.primary), None)
    if primary is not None and primary.kind == Kind.RELATIONAL:
        return dialect_of(primary.engine)
    spoken = {dialect_of(s.engine) for s in service.stores if s.kind == Kind.RELATIONAL} - {""}
    return spoken.pop() if len(spoken) == 1 else ""
