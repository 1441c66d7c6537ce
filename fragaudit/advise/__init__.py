"""The index planner: from access patterns to the smallest set of indexes, its DDL and its proof."""
