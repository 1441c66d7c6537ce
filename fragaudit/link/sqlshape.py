"""How texts of SQL look from outside: what a statement begins with, and what can't be one."""

from __future__ import annotations

import re

_LEAD = r"\A(?:\s|--[^\n]*\n|/\*.*?\*/|;)*"
BEGINS = re.compile(
    _LEAD + r"(?:(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|MERGE|WITH|CREATE|ALTER|DROP)\b|DO\s+\$)", re.I | re.S
)
"""How the first literal of a text begins that may become a statement."""

STATEMENT = re.compile(
    _LEAD
    + r"""\(*\s*(?:SELECT\b|
    INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\b|REPLACE\s+INTO\b|UPDATE\s+(?!SET\b)\S+|DELETE\s+FROM\b|
    MERGE\s+INTO\b|WITH\s+(?:RECURSIVE\s+)?[\w"{]+\s*(?:\([^)]*\)\s*)?AS\b|VALUES\s*\(|TRUNCATE\s|EXPLAIN\s|
    CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|VIRTUAL|UNIQUE|MATERIALIZED|FULLTEXT|SPATIAL|
        FOREIGN)\s+)*(?:TABLE|INDEX|VIEW|EXTENSION|TYPE|TRIGGER|FUNCTION|SCHEMA|SEQUENCE|PROCEDURE|DATABASE|DOMAIN|POLICY|
        RULE)\b|
    ALTER\s+(?:TABLE|INDEX|TYPE|SEQUENCE|VIEW|SCHEMA|DATABASE|EXTENSION)\b|
    DROP\s+(?:TABLE|INDEX|VIEW|TRIGGER|FUNCTION|TYPE|SCHEMA|SEQUENCE|EXTENSION|DATABASE|MATERIALIZED)\b|
    PRAGMA\s|VACUUM\b|ANALYZE\b|LOCK\s+TABLE\b|SHOW\s|SET\s+\w|COMMENT\s+ON\b|GRANT\s|REVOKE\s|COPY\s|REINDEX\b|
    REFRESH\s+MATERIALIZED\b|CALL\s|DO\s+\$|BEGIN\b|COMMIT\b|ROLLBACK\b|SAVEPOINT\b|ATTACH\b|LISTEN\b|NOTIFY\b)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
"""How a text begins that is a statement, if it is given to something that executes statements."""

_NAME = r"(?:[\w.\"`\[\]]|\{[^{}]*\})+"
CERTAIN = re.compile(
    _LEAD
    + rf"""(?:SELECT\b.*?\bFROM\b|
    select\b.*?\bfrom\s+{_NAME}(?:\s+(?:where|order|group|limit|join|inner|left|as)\b|\s*;?\s*\Z)|
    INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\s+{_NAME}|insert\s+into\s+{_NAME}\s*(?:\(|values\b|select\b)|
    REPLACE\s+INTO\s+{_NAME}|MERGE\s+INTO\s+{_NAME}|
    UPDATE\s+(?:ONLY\s+)?{_NAME}(?:\s+(?:AS\s+)?\w+)?\s+SET\b|update\s+{_NAME}\s+set\s+{_NAME}\s*=|
    DELETE\s+FROM\s+{_NAME}|delete\s+from\s+{_NAME}(?:\s+where\b|\s*;?\s*\Z)|
    (?:WITH|with)\s+(?:RECURSIVE\s+|recursive\s+)?[\w"]+\s*(?:\([^)]*\)\s*)?(?:AS|as)\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(|
    (?:CREATE|create)\s+(?:(?:TEMP|TEMPORARY|UNLOGGED|VIRTUAL|temp|temporary|virtual)\s+)?(?:TABLE|table)\s+(?:IF\s+NOT\s+EXISTS\s+|if\s+not\s+exists\s+)?(?!IF\b|if\b){_NAME}|
    (?:CREATE|create)\s+(?:(?:UNIQUE|unique|FULLTEXT|SPATIAL)\s+)?(?:INDEX|index)\s+.*?\b(?:ON|on)\s+{_NAME}|
    ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?!IF\b){_NAME}|DROP\s+(?:TABLE|INDEX)\s+(?:IF\s+EXISTS\s+)?(?!IF\b){_NAME})""",
    re.DOTALL | re.VERBOSE,
)
"""How a text begins that is a statement whoever it is given to: prose may begin with `Select` or `delete from`."""

IMPOSSIBLE = re.compile(
    r"\b(?:WHERE|AND|OR)\s+(?:WHERE|AND|OR|RETURNING|ORDER|GROUP|LIMIT|OFFSET|FOR)\b|"
    r"\b(?:WHERE|AND|OR)\s*(?:\)|;|\Z)|\bWHERE\s+NULL\s*(?:;|\Z)|"
    r"\bVALUES\s*\([^()]*\)\s*(?:WHERE|ORDER|LIMIT)\b",
    re.IGNORECASE,
)
"""What only a combination of parts says that the program never combines."""

QUALIFIED = re.compile(
    r"(\b(?:FROM|JOIN|INTO|UPDATE|TABLE|EXISTS|ON|REFERENCES|ONLY)\s+)(?:\"?\w+\"?\.)", re.IGNORECASE
)
"""A table's name with a schema before it."""

CYPHER = re.compile(r"\bcypher\s*\(|\bFOR\s*\(|\bFOR\s+\w+\s*\(|-\[[^\]]*\]->?|\bON\s+:\w", re.IGNORECASE)
"""Graph queries: with words that SQL has too, or inside a function of PostgreSQL."""
