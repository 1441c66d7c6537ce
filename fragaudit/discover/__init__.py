"""Paths in, the files to audit out."""

from __future__ import annotations

from fragaudit.discover.files import Discovery, Read, SourceFile, discover

__all__ = ["Discovery", "Read", "SourceFile", "discover"]
