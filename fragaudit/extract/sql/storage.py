"""Which engine a table's definition names by what stands after its columns, where that is one without b-trees."""

from __future__ import annotations

import re

SIGNS: tuple[tuple[str, str], ...] = (
    (
        "clickhouse",
        r"\bENGINE\s*=\s*(?:\w*MergeTree|\w*Log|Distributed|Buffer|Kafka|Null|Set|Join|Dictionary|File|URL|S3Queue"
        r"|MaterializedView|GenerateRandom|EmbeddedRocksDB|KeeperMap|RabbitMQ|NATS)\b"
        r"|\)\s*ON\s+CLUSTER\b|\bLowCardinality\s*\(|\bDateTime64\s*\(",
    ),
    ("starrocks", r"\bENGINE\s*=\s*OLAP\b|\bDISTRIBUTED\s+BY\s+(?:HASH|RANDOM)\b"),
    ("singlestore", r"\bSHARD\s+KEY\s*\w*\s*\(|\bSORT\s+KEY\s*\w*\s*\("),
    ("redshift", r"\b(?:DISTKEY|DISTSTYLE|SORTKEY)\b"),
    ("databricks", r"\bUSING\s+DELTA\b"),
    ("spark", r"\bUSING\s+(?:ICEBERG|PARQUET|ORC|HUDI)\b|\bTBLPROPERTIES\s*\("),
    (
        "hive",
        r"\bSTORED\s+AS\s+(?:PARQUET|ORC|TEXTFILE|AVRO|RCFILE|SEQUENCEFILE)\b"
        r"|\bROW\s+FORMAT\s+(?:SERDE|DELIMITED)\b",
    ),
    ("trino", r"\)\s*WITH\s*\(\s*(?:[^()]*,\s*)?(?:partitioned_by|partitioning|bucketed_by|sorted_by)\s*=\s*ARRAY\b"
              r"|\)\s*WITH\s*\(\s*(?:external_location|format)\s*=\s*'"),
    ("cassandra", r"\bWITH\s+CLUSTERING\s+ORDER\s+BY\b|\bCREATE\s+KEYSPACE\b"),
)  # fmt: skip
"""Words that no database with b-trees has in a definition, by the dialect that has them."""
_COMPILED = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in SIGNS), re.IGNORECASE)


def engine_of(definition: str) -> str:
    """Return the engine without b-trees that a table's definition shows, as sqlglot calls its dialect; empty: none."""
    found = _COMPILED.search(definition)
    return (found.lastgroup or "") if found is not None else ""
