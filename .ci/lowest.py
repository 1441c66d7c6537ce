"""Print the lowest version that each range of a pyproject.toml allows: of its dependencies and of its tests."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
for requirement in (*project["dependencies"], *project["optional-dependencies"]["test"]):
    lowest, count = re.subn(r">=([\w.]+).*", r"==\1", requirement)
    if count != 1:
        sys.exit(f"{requirement} has no lower end")
    print(lowest)
