"""Which engines find rows by b-trees; of the others nothing that was measured on b-trees is said.

Sources: ClickHouse (Primary keys and sparse indexes), BigQuery (Clustered tables), Snowflake (Micro-partitions),
DuckDB (Indexing: zonemaps), Redshift (Sort keys), Databricks and Spark (Data skipping), Apache Doris and StarRocks
(Sort key and prefix index), SingleStore (Columnstore key), Trino, Presto, Athena, Hive and Drill (no indexes of their
own), Druid (Segments), Cassandra (Partition key), Teradata (Primary index), Materialize and RisingWave (arrangements).
"""

from __future__ import annotations

from fragaudit.model.schema import Table

_BTREES = frozenset(
    {"", "postgres", "mysql", "sqlite", "tsql", "oracle", "postgresql", "mariadb", "cockroachdb", "timescaledb",
     "mssql", "sqlserver", "mongodb"}
)  # fmt: skip
"""Databases that keep b-trees, by engine or dialect; of one that isn't known it is taken for granted."""
_HOW = {
    "athena": "Athena scans files, partition by partition",
    "bigquery": "BigQuery finds rows by a table's partitions and clustering",
    "cassandra": "Cassandra finds rows by a table's partition key",
    "clickhouse": "ClickHouse finds rows by a table's sorting key and data-skipping indexes",
    "databricks": "Databricks skips files by their statistics and clustering",
    "doris": "Doris finds rows by a table's sort key and buckets",
    "drill": "Drill scans files",
    "druid": "Druid finds rows by time and dictionaries of its segments",
    "duckdb": "DuckDB skips row groups by their zone maps",
    "hive": "Hive scans files, partition by partition",
    "materialize": "Materialize keeps results up to date instead",
    "presto": "Presto has no indexes of its own",
    "redshift": "Redshift finds rows by a table's sort key and distribution",
    "risingwave": "RisingWave keeps results up to date instead",
    "singlestore": "SingleStore finds rows by a table's sort key and hash indexes",
    "snowflake": "Snowflake skips micro-partitions by their statistics and clustering",
    "spark": "Spark skips files by their statistics",
    "starrocks": "StarRocks finds rows by a table's sort key and buckets",
    "teradata": "Teradata finds rows by the hash of a table's primary index",
    "trino": "Trino has no indexes of its own",
}


def no_btree(table: Table | None, dialect: str = "") -> str:
    """Return why advice on b-trees means nothing to a table, or to a statement in a dialect; empty if it may.

    A table's own engine, which its definition may name, counts as much as the dialect a statement is read in: what
    parses as one dialect may well run on another.
    """
    engine = table.engine if table is not None and table.engine not in _BTREES else dialect
    return "" if engine in _BTREES else _HOW.get(engine, f"{engine} has no b-trees")
