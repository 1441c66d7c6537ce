"""Id expressions written to engines: the right verdict for each. A third of them look like what they are not."""

# ruff: noqa: E501  # code in tables reads best on one line

from __future__ import annotations

import pytest

from fragaudit.model.vectors import VectorWrite
from fragaudit.pipeline import audit_sources

HEAD = """\
import base64, hashlib, itertools, os, secrets, time, uuid, zlib
from dataclasses import dataclass
from enum import Enum
from uuid import NAMESPACE_DNS, NAMESPACE_URL, UUID, uuid4, uuid5
"""

ENGINES = {
    "chroma": (
        "import chromadb\ncollection = chromadb.HttpClient(host='chroma').get_or_create_collection('shared')\n",
        "collection.add(ids=[{id}], embeddings=[vector])",
    ),
    "pinecone": (
        "from pinecone import Pinecone\nindex = Pinecone(api_key='k').Index('shared')\n",
        "index.upsert(vectors=[{{'id': {id}, 'values': vector}}])",
    ),
    "lancedb": (
        "import lancedb\ntable = lancedb.connect('./lance').open_table('shared')\n",
        "table.add([{{'id': {id}, 'vector': vector}}])",
    ),
    "langchain": (
        "from langchain_chroma import Chroma\nstore = Chroma(collection_name='shared')\n",
        "store.add_texts([text], ids=[{id}])",
    ),
    "qdrant": (
        "from qdrant_client import QdrantClient\nfrom qdrant_client.models import PointStruct\n"
        "client = QdrantClient(url='http://qdrant:6333')\n",
        "client.upsert('shared', [PointStruct(id={id}, vector=vector)])",
    ),
    "weaviate": (
        "import weaviate\nclient = weaviate.connect_to_local()\n",
        "client.collections.get('Shared').data.insert(properties={{}}, uuid={id}, vector=vector)",
    ),
}
TEXT = ("chroma", "pinecone", "lancedb", "langchain")
UUID = ("qdrant", "weaviate")

GOOD, BARE, OPEN = "namespaced", "not-namespaced", "unknown"

# What an id is made of: name, code before the function, statements before the write, the expression, and the verdicts
# where any text is an id and where only UUIDs and integers are.
Case = tuple[str, str, str, str, str, str]
KEY = "hashlib.{}(f'notes:note:{{item.id}}'.encode()).{}"
CASES: list[Case] = [
    # -- the template, in every way to write it ------------------------------------------------------------------------
    ("f-string", "", "", "f'notes:note:{item.id}'", GOOD, BARE),
    ("percent", "", "", "'notes:note:%s' % item.id", GOOD, BARE),
    ("percent with a tuple", "", "", "'%s:%s:%s' % ('notes', 'note', item.id)", GOOD, BARE),
    ("percent with names", "", "", "'notes:%(kind)s:%(id)s' % {'kind': 'note', 'id': item.id}", GOOD, BARE),
    ("format", "", "", "'notes:note:{}'.format(item.id)", GOOD, BARE),
    ("format with names", "", "", "'{s}:note:{i}'.format(s='notes', i=item.id)", GOOD, BARE),
    ("join", "", "", "':'.join(['notes', 'note', str(item.id)])", GOOD, BARE),
    ("join of a name", "", "parts = ('notes', 'note', str(item.id))", "':'.join(parts)", GOOD, BARE),
    ("concatenation", "", "", "'notes' + ':note:' + str(item.id)", GOOD, BARE),
    ("prefix constant", "PREFIX = 'notes:note:'\n", "", "PREFIX + str(item.id)", GOOD, BARE),
    ("template constant", "IDS = 'notes:note:{}'\n", "", "IDS.format(item.id)", GOOD, BARE),
    ("template constant with percent", "IDS = 'notes:note:%s'\n", "", "IDS % item.id", GOOD, BARE),
    ("service constant", "SERVICE = 'notes'\n", "", "f'{SERVICE}:note:{item.id}'", GOOD, BARE),
    ("grown text", "", "key = 'notes'\n    key += ':note'\n    key += f':{item.id}'", "key", GOOD, BARE),
    ("type of the item", "SERVICE = 'notes'\n", "", "f'{SERVICE}:{item.type}:{item.id}'", GOOD, BARE),
    ("random part under a namespace", "", "", "f'notes:note:{uuid4()}'", GOOD, BARE),
    ("more parts than asked for", "", "", "f'notes:note:{item.id}:{number}'", GOOD, BARE),
    ("setting", "from app.settings import settings\n", "", "f'{settings.service_name}:note:{item.id}'", GOOD, BARE),
    ("environment", "NAME = os.environ['SERVICE_NAME']\n", "", "f'{NAME}:note:{item.id}'", GOOD, BARE),
    ("class of the item", "", "", "f'notes:{type(item).__name__}:{item.id}'", GOOD, BARE),
    ("upper case kept apart", "", "", "f'notes:note:{item.id}'.lower()", GOOD, BARE),
    ("stripped", "", "", "str(f'notes:note:{item.id}').strip()", GOOD, BARE),
    ("base64 of it", "", "", "base64.b64encode(f'notes:note:{item.id}'.encode()).decode()", GOOD, BARE),
    # -- through functions, classes and containers ---------------------------------------------------------------------
    ("helper", "def make(it):\n    return f'notes:note:{it.id}'\n", "", "make(item)", GOOD, BARE),
    ("helper of parts", "def make(s, t, i):\n    return f'{s}:{t}:{i}'\n", "", "make('notes', 'note', item.id)", GOOD, BARE),
    ("helper by keyword", "def make(*, kind, key, service='notes'):\n    return ':'.join([service, kind, key])\n", "",
     "make(kind='note', key=item.id)", GOOD, BARE),
    ("helper of a helper", "def pre(t):\n    return 'notes:' + t\ndef make(i):\n    return f'{pre(\"note\")}:{i}'\n", "",
     "make(item.id)", GOOD, BARE),
    ("static method", "class Ids:\n    @staticmethod\n    def note(i):\n        return f'notes:note:{i}'\n", "",
     "Ids.note(item.id)", GOOD, BARE),
    ("class constant", "class Ids:\n    SERVICE = 'notes'\n", "", "f'{Ids.SERVICE}:note:{item.id}'", GOOD, BARE),
    ("object with a prefix",
     "class Ids:\n    def __init__(self, p):\n        self.p = p\n    def make(self, i):\n        return f'{self.p}:note:{i}'\n"
     "ids = Ids('notes')\n", "", "ids.make(item.id)", GOOD, BARE),
    ("enumeration", "class Svc(str, Enum):\n    NOTES = 'notes'\n", "", "f'{Svc.NOTES.value}:note:{item.id}'", GOOD, BARE),
    ("lambda", "make = lambda i: f'notes:note:{i}'\n", "", "make(item.id)", GOOD, BARE),
    ("property of a dataclass",
     "@dataclass\nclass Note:\n    key: str\n    @property\n    def vector_id(self):\n        return f'notes:note:{self.key}'\n",
     "note = Note(item.id)", "note.vector_id", GOOD, BARE),
    ("field of a dataclass", "@dataclass\nclass Rec:\n    id: str\n    text: str\n",
     "rec = Rec(id=f'notes:note:{item.id}', text=text)", "rec.id", GOOD, BARE),
    ("field given by position", "@dataclass\nclass Rec:\n    id: str\n    text: str\n",
     "rec = Rec(f'notes:note:{item.id}', text)", "rec.id", GOOD, BARE),
    ("field set later", "class Rec:\n    pass\n", "rec = Rec()\n    rec.id = f'notes:note:{item.id}'", "rec.id", GOOD, BARE),
    ("dictionary", "", "rec = {'id': f'notes:note:{item.id}'}", "rec['id']", GOOD, BARE),
    ("dictionary filled later", "", "rec = {}\n    rec['id'] = f'notes:note:{item.id}'", "rec['id']", GOOD, BARE),
    ("tuple unpacked", "", "key, body = f'notes:note:{item.id}', text", "key", GOOD, BARE),
    ("both arms", "", "", "f'notes:note:{item.id}' if text else f'notes:draft:{item.id}'", GOOD, BARE),
    ("chosen by a statement", "",
     "if text:\n        key = f'notes:note:{item.id}'\n    else:\n        key = f'notes:draft:{item.id}'", "key", GOOD, BARE),
    ("overwritten with the template", "", "key = item.id\n    key = f'notes:note:{key}'", "key", GOOD, BARE),
    # -- through uuid5 and hashes --------------------------------------------------------------------------------------
    ("uuid5", "", "", "str(uuid5(NAMESPACE_URL, f'notes:note:{item.id}'))", GOOD, GOOD),
    ("uuid5 of a name", "", "key = f'notes:note:{item.id}'", "uuid.uuid5(uuid.NAMESPACE_DNS, key)", GOOD, GOOD),
    ("uuid5 in a namespace written out", "SPACE = UUID('0b9f4c0e-6f0c-4f6c-8b44-2a9f2f7d1c55')\n", "",
     "str(uuid5(SPACE, str(item.id)))", GOOD, GOOD),
    ("uuid5 in a uuid5", "SPACE = uuid5(NAMESPACE_DNS, 'notes')\n", "", "str(uuid5(SPACE, f'note:{item.id}'))", GOOD, GOOD),
    ("uuid5 helper", "def to_uuid(text):\n    return str(uuid5(NAMESPACE_URL, text))\n", "",
     "to_uuid(f'notes:note:{item.id}')", GOOD, GOOD),
    ("md5 of it", "", "", KEY.format("md5", "hexdigest()"), GOOD, GOOD),
    ("UUID of a hash of it", "", "", "str(UUID(" + KEY.format("md5", "hexdigest()") + "))", GOOD, GOOD),
    ("integer of a hash of it", "", "", "int(" + KEY.format("sha256", "hexdigest()") + "[:15], 16)", GOOD, GOOD),
    ("sha256 of it is no UUID", "", "", KEY.format("sha256", "hexdigest()"), GOOD, BARE),
    ("hash fed later", "", "h = hashlib.md5()\n    h.update(f'notes:note:{item.id}'.encode())", "h.hexdigest()", GOOD, GOOD),
    # -- bare ids ------------------------------------------------------------------------------------------------------
    ("row id", "", "", "str(item.id)", BARE, BARE),
    ("key of a dictionary", "", "", "item['id']", BARE, BARE),
    ("get of a dictionary", "", "", "item.get('doc_id')", BARE, BARE),
    ("random", "", "", "str(uuid4())", BARE, BARE),
    ("random as hex", "", "", "uuid.uuid4().hex", BARE, BARE),
    ("random cut", "", "", "str(uuid.uuid4())[:8]", BARE, BARE),
    ("random token", "", "", "secrets.token_hex(8)", BARE, BARE),
    ("random by a helper", "def new_id():\n    return str(uuid4())\n", "", "new_id()", BARE, BARE),
    ("random by default", "", "key = item.key or str(uuid4())", "key", BARE, BARE),
    ("time", "", "", "str(time.time())", BARE, BARE),
    ("counter", "", "", "number", BARE, BARE),
    ("counter from anywhere", "COUNT = itertools.count()\n", "", "str(next(COUNT))", BARE, BARE),
    ("length", "", "", "str(len(items))", BARE, BARE),
    ("hash of the content", "", "", "hashlib.md5(text.encode()).hexdigest()", BARE, BARE),
    ("checksum of the content", "", "", "str(zlib.crc32(text.encode()))", BARE, BARE),
    ("uuid5 of the row id", "", "", "str(uuid5(NAMESPACE_URL, str(item.id)))", BARE, BARE),
    ("uuid5 of the content", "", "", "str(uuid5(NAMESPACE_URL, text))", BARE, BARE),
    # -- traps: what looks namespaced and isn't ------------------------------------------------------------------------
    ("only a type", "", "", "f'note:{item.id}'", BARE, BARE),
    ("only a service", "", "", "f'notes:{item.id}'", BARE, BARE),
    ("a type twice", "", "", "f'doc:chunk:{item.id}'", BARE, BARE),
    ("a chunk of a document", "", "", "f'{item.doc_id}:{number}'", BARE, BARE),
    ("three parts, none a service", "", "", "f'{item.doc_id}:chunk:{number}'", BARE, BARE),
    ("type first", "", "", "f'chunk:{item.doc_id}:{number}'", BARE, BARE),
    ("the wrong way round", "", "", "f'{item.id}:note:notes'", BARE, BARE),
    ("an empty type", "", "", "f'notes::{item.id}'", BARE, BARE),
    ("an empty service", "", "", "f':note:{item.id}'", BARE, BARE),
    ("a counter as the type", "", "", "f'notes:{number}:{item.id}'", BARE, BARE),
    ("a row id as the type", "", "", "f'notes:{item.doc_id}:{number}'", BARE, BARE),
    ("a random type", "", "", "f'notes:{uuid4()}:{item.id}'", BARE, BARE),
    ("a number as the type", "", "", "f'notes:2:{item.id}'", BARE, BARE),
    ("dashes", "", "", "f'notes-note-{item.id}'", BARE, BARE),
    ("underscores", "", "", "f'notes_note_{item.id}'", BARE, BARE),
    ("slashes", "", "", "f'notes/note/{item.id}'", BARE, BARE),
    ("a URL", "", "", "f'https://notes/note/{item.id}'", BARE, BARE),
    ("a URN", "", "", "f'urn:uuid:{uuid4()}'", BARE, BARE),
    ("a time with colons", "", "", "f'12:30:{number}'", BARE, BARE),
    ("separators replaced", "", "", "f'notes:note:{item.id}'.replace(':', '-')", BARE, BARE),
    ("the prefix taken off", "", "", "f'notes:note:{item.id}'.removeprefix('notes:note:')", BARE, BARE),
    ("overwritten with the row id", "", "key = f'notes:note:{item.id}'\n    key = str(item.id)", "key", BARE, BARE),
    ("one arm is bare", "", "", "f'notes:note:{item.id}' if text else str(item.id)", BARE, BARE),
    ("one branch is bare", "", "key = f'notes:note:{item.id}'\n    if text:\n        key = str(uuid4())", "key", BARE, BARE),
    ("named like a namespaced id", "", "namespaced_id = str(uuid4())", "namespaced_id", BARE, BARE),
    ("a helper named like one", "def namespaced(i):\n    return str(i.id)\n", "", "namespaced(item)", BARE, BARE),
    ("another helper of the name", "class A:\n    @staticmethod\n    def make(i):\n        return f'notes:note:{i}'\n"
     "class B:\n    @staticmethod\n    def make(i):\n        return f'n-{i}'\n", "", "B.make(item.id)", BARE, BARE),
    ("the field next to it", "", "rec = {'key': f'notes:note:{item.id}', 'id': str(uuid4())}", "rec['id']", BARE, BARE),
    ("the prefix in another variable", "PREFIX = 'notes:note:'\n", "prefix = PREFIX", "str(item.id)", BARE, BARE),
    ("hash of a type and a row id", "", "", "hashlib.md5(f'note:{item.id}'.encode()).hexdigest()", BARE, BARE),
    ("uuid5 of a type and a row id", "", "", "str(uuid5(NAMESPACE_DNS, f'note:{item.id}'))", BARE, BARE),
    ("uuid5 in a namespace that is everybody's", "SPACE = uuid.NAMESPACE_URL\n", "", "str(uuid5(SPACE, item.id))", BARE, BARE),
    ("the namespace of DNS written out", "SPACE = UUID('6ba7b810-9dad-11d1-80b4-00c04fd430c8')\n", "",
     "str(uuid5(SPACE, str(item.id)))", BARE, BARE),
    ("a sentence with colons", "", "", "str(uuid5(NAMESPACE_URL, f'Question: {text}\\nAnswer: {given}'))", BARE, BARE),
    # -- traps: what looks bare and isn't, or can't be known -----------------------------------------------------------
    ("a short name for the template", "def of(x):\n    return ':'.join(('notes', 'note', str(x)))\n", "i = of(item.id)", "i", GOOD,
     BARE),
    ("a name like a random id", "", "uid = f'notes:note:{item.id}'", "uid", GOOD, BARE),
    ("a part of a text", "", "", "f'notes:note:{item.id}'.split(':')[-1]", OPEN, OPEN),
    ("a library's function", "import idlib\n", "", "idlib.make(item)", OPEN, OPEN),
    ("a parameter", "", "", "given", OPEN, OPEN),
    ("uuid5 in a namespace that is given", "", "", "str(uuid5(given, str(item.name)))", OPEN, OPEN),
    ("hash of what is given", "", "", "hashlib.md5(given.encode()).hexdigest()", OPEN, OPEN),
    ("unknown first part", "", "", "f'{given}:note:{item.id}'", OPEN, OPEN),
]  # fmt: skip


def write(engine: str, case: Case) -> VectorWrite:
    _, setup, before, expression, _, _ = case
    imports, call = ENGINES[engine]
    body = f"    {before}\n" if before else ""
    text = (
        f"{HEAD}{imports}{setup}\n"
        f"def save(number_of, items, item, text, vector, given):\n"
        f"  for number, _ in enumerate(items):\n{body.replace('    ', '    ')}    {call.format(id=expression)}\n"
    )
    report = audit_sources({"notes/rag.py": text, "pyproject.toml": '[project]\nname = "notes"\n'})
    assert report.problems == (), text
    writes = report.services[0].vector_writes
    assert len(writes) == 1, (text, writes)
    return writes[0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_an_id_gets_the_verdict_of_its_engine(engine: str, case: Case) -> None:
    found = write(engine, case)
    assert found.verdict == (case[4] if engine in TEXT else case[5]), (found.why, found.shape)


def test_the_table_is_large_and_a_third_of_it_traps() -> None:
    assert len(CASES) * len(ENGINES) >= 250
    traps = CASES[[c[0] for c in CASES].index("only a type") :]
    assert len(traps) * 3 >= len(CASES)
