"""`indexes --document`: the section it writes, and that it leaves everything else as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fragaudit.model.documents import BEGIN, END
from fragaudit.report.index_section import MarkersError, spliced

ROOT = Path(__file__).parent.parent
SCHEMA = """\
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), total INTEGER);
CREATE INDEX ix_orders_user ON orders (user_id, total DESC);
"""
QUERIES = """\
-- name: by_email
SELECT * FROM users WHERE email = ?;
-- name: of_user
SELECT id FROM orders WHERE user_id = ? ORDER BY total DESC LIMIT 5;
"""
SECTION = """\
<!-- fragaudit indexes: begin -->
## Indexes

Written by `fragaudit indexes --document`; changes between the markers are lost.

### `orders`

- primary key (`id`): keeps its values unique
- `ix_orders_user` (`user_id`, `total DESC`), index: serves `queries.sql:4`

### `users`

- primary key (`id`): keeps its values unique
- Proposed: `ix_users_email` (`email`), to serve `queries.sql:2`
<!-- fragaudit indexes: end -->
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "fragaudit.toml").write_text('dialect = "sqlite"\n')
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "queries.sql").write_text(QUERIES)
    return tmp_path


def run(folder: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "fragaudit", *arguments, "--no-cache"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def undocumented(folder: Path) -> list[str]:
    report = json.loads(run(folder, "check", "--format", "json", "--select", "FA208")[0])
    return [f["message"] for f in report["findings"]]


def test_a_file_is_created_and_documents_the_service(repository: Path) -> None:
    assert undocumented(repository) == ["no document says which indexes serve the access patterns of users and orders"]
    assert run(repository, "indexes", "--document", "docs/indexes.md") == ("", "docs/indexes.md: written\n")
    written = repository / "docs" / "indexes.md"
    assert written.read_bytes() == SECTION.encode()
    assert undocumented(repository) == []
    before = written.stat()
    assert run(repository, "indexes", "--document", "docs/indexes.md")[1] == "docs/indexes.md: is up to date\n"
    assert (written.stat().st_ino, written.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [p.name for p in (repository / "docs").iterdir()] == ["indexes.md"]


def test_what_became_untrue_is_reported_until_the_section_is_refreshed(repository: Path) -> None:
    run(repository, "indexes", "--document", "README.md")
    (repository / "schema.sql").write_text(SCHEMA.replace("(user_id, total DESC)", "(user_id)"))
    found = json.loads(run(repository, "check", "--format", "json", "--select", "FA208", code=1)[0])["findings"]
    assert [(f["at"]["path"], f["at"]["line"], f["message"]) for f in found] == [
        ("README.md", 9, "the document has ix_orders_user on (user_id, total); in the schema it is on (user_id)")
    ]
    run(repository, "indexes", "--document", "README.md")
    assert undocumented(repository) == []


STALE = "the document says that ix_orders_user serves `queries.sql:4`, "


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (QUERIES.replace("user_id = ?", "id = ?"), STALE + "which primary key of orders (id) serves"),
        (QUERIES.replace("user_id = ?", "total = ?"), STALE + "where nothing that is asked can use it"),
        (QUERIES.partition("-- name: of_user")[0], STALE + "where nothing is asked any more that can use it"),
        ("-- One line more moves every statement.\n" + QUERIES, ""),
        (QUERIES.replace("LIMIT 5", "LIMIT 9"), ""),
    ],
)
def test_what_an_index_no_longer_serves_is_reported_until_the_section_is_refreshed(
    repository: Path, queries: str, message: str
) -> None:
    run(repository, "indexes", "--document", "README.md")
    (repository / "queries.sql").write_text(queries)
    done = run(repository, "check", "--format", "json", "--select", "FA208", code=1 if message else 0)
    found = json.loads(done[0])["findings"]
    expected = [("README.md", 9, f"{message}: it is on (user_id, total DESC)")] if message else []
    assert [(f["at"]["path"], f["at"]["line"], f["message"]) for f in found] == expected
    run(repository, "indexes", "--document", "README.md")
    assert undocumented(repository) == []


def test_an_index_that_serves_a_file_which_is_gone(repository: Path) -> None:
    (repository / "more.sql").write_text("-- name: largest\nSELECT id FROM orders WHERE user_id = ? LIMIT 1;\n")
    run(repository, "indexes", "--document", "README.md")
    (repository / "more.sql").unlink()
    found = json.loads(run(repository, "check", "--format", "json", "--select", "FA208", code=1)[0])["findings"]
    assert [(f["at"]["line"], f["message"].partition(":")[0]) for f in found] == [
        (9, "the document says that ix_orders_user serves `more.sql")
    ]
    # From a folder where the paths of the section mean nothing, nobody can tell.
    done = run(repository.parent, "check", "--format", "json", "--select", "FA208", str(repository))
    assert json.loads(done[0])["findings"] == []


def test_what_was_missing_and_is_there_now(repository: Path) -> None:
    run(repository, "indexes", "--document", "README.md")
    (repository / "schema.sql").write_text(SCHEMA + "CREATE INDEX ix_users_email ON users (email);\n")
    found = json.loads(run(repository, "check", "--format", "json", "--select", "FA208", code=1)[0])["findings"]
    assert [(f["at"]["line"], f["message"]) for f in found] == [
        (14, "the document proposes the index ix_users_email, which is there on (email)")
    ]
    run(repository, "indexes", "--document", "README.md")
    assert undocumented(repository) == []


def test_an_index_of_any_name_that_is_gone(repository: Path) -> None:
    (repository / "schema.sql").write_text(SCHEMA.replace("ix_orders_user", "by_user"))
    run(repository, "indexes", "--document", "README.md")
    (repository / "schema.sql").write_text(SCHEMA.replace("ix_orders_user", "of_user"))
    found = json.loads(run(repository, "check", "--format", "json", "--select", "FA208", code=1)[0])["findings"]
    assert [(f["at"]["line"], f["message"]) for f in found] == [
        (9, "the document names the index by_user, which no source of the schema has")
    ]


@pytest.mark.parametrize(("column", "by"), [("user_id", "ix_orders_user"), ("total", "")])
def test_a_statement_that_no_index_served_and_one_does_now(repository: Path, column: str, by: str) -> None:
    (repository / "queries.sql").write_text(f"-- name: some\nSELECT id FROM orders WHERE {column} = ?;\n")
    said = f"{BEGIN}\n## Indexes\n\n### `orders`\n\n- No index serves `queries.sql:2`: reasons\n{END}\n"
    (repository / "README.md").write_text(said)
    found = json.loads(
        run(repository, "check", "--format", "json", "--select", "FA208", code=1 if by else 0)[0]
    )["findings"]  # fmt: skip
    expected = [(6, f"the document says that no index serves `queries.sql:2`, and {by} does")] if by else []
    assert [(f["at"]["line"], f["message"]) for f in found] == expected


def test_everything_outside_the_markers_stays_to_the_byte(repository: Path) -> None:
    head, tail = b"\xef\xbb\xbf# Shop\r\n\r\nbad \xff byte\r\n\r\n", b"\r\n\r\n## Rest\t \r\nno newline at the end"
    file = repository / "README.md"
    file.write_bytes(head + f"{BEGIN}\r\nold\r\n{END}".encode() + tail)
    file.chmod(0o640)
    run(repository, "indexes", "--document", "README.md")
    body = SECTION.rstrip("\n").replace("\n", "\r\n").encode()
    assert file.read_bytes() == head + body + tail
    assert file.stat().st_mode & 0o777 == 0o640
    assert run(repository, "indexes", "--document", "README.md")[1] == "README.md: is up to date\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", "N\n"),
        ("# A\n", "# A\n\nN\n"),
        ("# A\n\n", "# A\n\nN\n"),
        ("# A", "# A\n\nN"),
        ("# A\r\nb\r\n", "# A\r\nb\r\n\r\nN\r\n"),
        ("# A\r\nb", "# A\r\nb\r\n\r\nN"),
        (f"```\n{BEGIN}\n```\n", f"```\n{BEGIN}\n```\n\nN\n"),
        (f"Between `{BEGIN}` and the end.\n", f"Between `{BEGIN}` and the end.\n\nN\n"),
        (f"a\n  {BEGIN}\nx\n{END}  \nb", "a\n  N  \nb"),
    ],
)
def test_where_the_section_goes(text: str, written: str) -> None:
    section = f"{BEGIN}\nnew\n{END}"
    ends = "\r\n" if "\r\n" in text else "\n"
    expected = written.replace("N", section.replace("\n", ends))
    assert spliced(text, section) == expected
    assert spliced(expected, section) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a\n{BEGIN}\nb\n", "a marker without its other half (line 2)"),
        (f"{END}\n", "a marker without its other half (line 1)"),
        (f"{END}\n{BEGIN}\n", "its markers in the wrong order (line 1, 2)"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", "more than one pair of markers (line 1, 2, 3)"),
        ("a\n```sql\nSELECT 1\n", "ends inside the code block that line 2 begins; close it first"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", "more than one pair of markers (line 1, 2, 3, 4)"),
    ],
)
def test_broken_markers_are_refused(text: str, message: str) -> None:
    with pytest.raises(MarkersError) as error:
        spliced(text, f"{BEGIN}\nnew\n{END}")
    assert message in str(error.value)


def test_a_file_with_broken_markers_is_left_alone(repository: Path) -> None:
    file = repository / "README.md"
    file.write_text(f"# A\n{BEGIN}\n")
    told = run(repository, "indexes", "--document", "README.md", code=2)[1]
    assert told == (
        "fragaudit: README.md: has a marker without its other half (line 2); there must be one "
        f"`{BEGIN}` and, after it, one `{END}`\n"
    )
    assert file.read_text() == f"# A\n{BEGIN}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--document", "a.rst"], "fragaudit: --document writes Markdown: a.rst must end in .md\n"),
        (
            ["--document", "a.md", "--format", "sql"],
            "fragaudit: --document goes without --format, --output and --prove: "
            "it writes Markdown into the file it names\n",
        ),
    ],
)
def test_what_it_refuses(repository: Path, arguments: list[str], message: str) -> None:
    assert run(repository, "indexes", *arguments, code=2)[1] == message


def test_a_folder_in_its_place_is_no_file(repository: Path) -> None:
    (repository / "a.md").mkdir()
    assert run(repository, "indexes", "--document", "a.md", code=2)[1].startswith("fragaudit: a.md: can't be read: ")
