"""`[tool.fragaudit.vector-ids]`: what a good id is, set by the project."""

# code in tables reads best on one line

from __future__ import annotations

from pathlib import Path

import pytest

from fragaudit.config import Config, ConfigError, ServiceConfig, VectorIds, load
from fragaudit.pipeline import audit_sources

CHROMA = "import chromadb\n\ncollection = chromadb.HttpClient(host='c').get_or_create_collection('shared')\n\n"


def verdict(expression: str, config: Config) -> str:
    text = f"{CHROMA}def save(item, vector):\n    collection.add(ids=[{expression}], embeddings=[vector])\n"
    report = audit_sources({"pyproject.toml": '[project]\nname = "notes"\n', "notes/rag.py": text}, config)
    (found,) = report.services[0].vector_writes
    return found.verdict


@pytest.mark.parametrize(
    ("expression", "ids", "expected"),
    [
        ("f'notes-note-{item.id}'", VectorIds(), "not-namespaced"),
        ("f'notes-note-{item.id}'", VectorIds(separator="-", templates=("service-type-id",)), "namespaced"),
        ("f'notes:{item.id}'", VectorIds(templates=("service:type:id", "service:id")), "namespaced"),
        ("f'note:notes:{item.id}'", VectorIds(templates=("type:service:id",)), "namespaced"),
        ("f'notes:acme:note:{item.id}'", VectorIds(templates=("service:tenant:type:id",)), "namespaced"),
        ("f'notes:note:{item.id}'", VectorIds(templates=("service:tenant:type:id",)), "not-namespaced"),
        ("f'doc:chunk:{item.id}'", VectorIds(), "not-namespaced"),
        ("f'doc:chunk:{item.id}'", VectorIds(aliases=("doc",)), "namespaced"),
    ],
)
def test_the_template_is_the_project_s(expression: str, ids: VectorIds, expected: str) -> None:
    assert verdict(expression, Config(vector_ids=ids)) == expected


def test_where_services_are_named_others_are_none() -> None:
    services = (ServiceConfig("notes", ("notes",), ("memo",)),)
    assert verdict("f'memo:note:{item.id}'", Config(services=services)) == "namespaced"
    assert verdict("f'other:note:{item.id}'", Config(services=services)) == "not-namespaced"


def written(folder: Path, text: str) -> Path:
    path = folder / "fragaudit.toml"
    path.write_text(text)
    return path


def test_the_table_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, '[vector-ids]\nseparator = "/"\ntemplates = ["service/type/id"]\naliases = ["memo"]\n')
    assert load(tmp_path, path).vector_ids == VectorIds("/", ("service/type/id",), ("memo",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[vector-ids]\nseperator = "/"\n',
            r"fragaudit\.toml:2: unknown key of vector-ids `seperator`; did you mean `separator`",
        ),
        ('[vector-ids]\nseparator = ""\n', r"fragaudit\.toml:2: `vector-ids\.separator`"),
        ("[vector-ids]\nseparator = 1\n", r"fragaudit\.toml:2: `vector-ids\.separator`"),
        ("[vector-ids]\ntemplates = []\n", r"fragaudit\.toml:2: `vector-ids\.templates`"),
        ('[vector-ids]\ntemplates = ["service:type"]\n', r"fragaudit\.toml:2: `service:type` is no template"),
        ('[vector-ids]\ntemplates = ["service-type-id"]\n', r"fragaudit\.toml:2: `service-type-id` is no template"),
        ("vector-ids = 3\n", r"fragaudit\.toml:1: `vector-ids`"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, written(tmp_path, text))
