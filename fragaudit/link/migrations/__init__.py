"""Migrations written in Python: what they do to the schema, in the order in which they run."""

from __future__ import annotations
