"""Which statements of a Python file can matter: decided on its words, before any becomes facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from fragaudit.catalogue import Catalogue
from fragaudit.extract.python.patterns import WORD, asks_repository, builds_query, holds_sql
from fragaudit.model.facts import OwnFunction

_SPEAKING = re.compile(
    # names that speak of stores
    r"redis|postgres|mysql|mongo|sqlite|neo4j|qdrant|chroma(?!tic)|milvus|weaviate|pinecone|elastic|opensearch|"
    r"memcache|vector_?(?:store|db|client|index)|vec_?(?:store|db)|graph_?(?:store|db|database|client|driver)|"
    r"(?:cache|storage|store|backend|repository)_?(?:base|backend|abc|interface|protocol|adapter)|"
    r"^(?:base|abstract)_?(?:cache|storage|store|backend|repositor|adapter|db|client)|"
    r"(?<!__)table_?name|"
    r"create_(?:async_)?engine|engine_from_config|kv_?stor|key_?value|doc(?:ument)?_?stor|database(?!s?_?error)|"
    # vectors and their ids
    r"^embeddings$|(?:^|_)vectors?(?:$|_)|(?:vector|semantic)_?(?:memory|search)|upsert|(?:chunk|node|point|vector)_?ids?$|"
    r"(?:cosine|l2)_?distance|pgvector|"
    # settings and the environment
    r"^environ$|^getenv$|basesettings|pydantic_settings|^decouple$|^environs$|dynaconf|dj_database_url|"
    r"^databases$|^caches$|session_engine|channel_layers|^storages$|^sqlalchemy_|celery|broker|"
    # entry points and selection by name
    r"^fastapi$|^flask$|^starlette$|^litestar$|^sanic$|^quart$|^celery$|^uvicorn$|"
    r"^import_module$|^import_string$|^maybe_dotted$|^entry_points$|provider_to_class",
)
"""Sought in words in lower case, which is twice as fast as to disregard case."""
_CALLED = re.compile(r"\b([a-z_]\w*)\.(?:\w+\.)?(\w+)\(")
_MADE = re.compile(r"(?<![\w.])([A-Z]\w*)\(")
_MAKES_IDS = re.compile(r"(?:^|_)(?!by_)(?:ids?|uuid\d?|uid|hash|namespaced?|ns|key)(?:_|$)", re.IGNORECASE)
_MAKING = frozenset({"uuid3", "uuid4", "uuid5", "hexdigest", "generate_uuid5"})
"""Functions that are likely to make ids, by their names and by what they call; only short ones do."""
_VECTORS = frozenset({"embedding", "embeddings", "vector", "vectors"})
"""What a record's field with a vector is called."""
_EMBEDDING = re.compile(r"(?:^|_)embeddings?$", re.IGNORECASE)
"""Words of short functions that are likely to put a record with a vector together."""

_WRITING = frozenset(
    {
        "upsert",
        "PointStruct",
        "embeddings",
        "ids",
        "add_texts",
        "add_documents",
        "upload_points",
        "uuid",
        "add_with_ids",
        "add_items",
        "insert_nodes",
        "write_documents",
        "points",
        "vector",
    }
)
"""Words of statements that write vectors."""
_STORING = frozenset({"add", "index", "insert", "insert_one", "insert_many", "bulk", "search", "query"})
"""What an embedding is written or searched with by clients whose methods many others have too."""

MODELS = frozenset(
    {
        "__tablename__", "__table_args__", "__table__", "mapped_column", "declared_attr", "declarative_base",
        "DeclarativeBase", "SQLModel", "ForeignKey", "OneToOneField", "ManyToManyField", "CharField", "TextField",
        "IntegerField", "AutoField", "BooleanField", "DateTimeField", "ForeignKeyField", "PrimaryKey", "AppConfig",
        "MetaData", "EmbeddedDocument", "StringField", "Indexed", "IndexModel", "create_index", "create_indexes",
        "ensure_index", "UniqueConstraint", "AbstractUser", "AbstractBaseUser", "Varchar", "Model",
        "piccolo", "ormar",
    }
)  # fmt: skip
"""Words of which every file that defines tables in Python has one."""

_ABSTRACT = frozenset({"ABC", "ABCMeta", "Protocol"})
"""What marks a class that others implement."""

_TASKS = frozenset({"task", "shared_task", "delay", "apply_async", "send_task", "celery"})
_HANDS_ON = re.compile(
    r"^[ \t]*@(?:[\w.]+\.)?(?:task|shared_task)\b|\.(?:delay|apply_async|send_task)\(|\bsignature\(", re.MULTILINE
)
"""Tasks that take messages, and what sends them some."""

_FROM_MODELS = re.compile(r"^from[ \t]+[\w.]*models[ \t]+import\b", re.MULTILINE)
"""Imports from the project's modules of models, `app.abstract_models` too: what derives from those is a model."""

MAPPERS = frozenset(
    {
        "sqlalchemy", "sqlmodel", "django", "objects", "session", "Session", "AsyncSession", "query", "select",
        "tortoise", "peewee", "pony", "supabase", "pypika", "filter_by", "queryset", "piccolo", "ormar",
        "django_filters",
    }
)  # fmt: skip
"""Words of which every file that asks a database by expressions has one."""

MIGRATIONS = frozenset({"down_revision", "Migration", "yoyo", "MigrationManager"})
"""Words of migrations, of which everything is kept but the way back."""

_BACK = frozenset({"downgrade", "backwards", "unapply", "rollback"})
_DECLARED = frozenset({"declared_attr", "__tablename__", "__table_args__"})
_MAKES_COLUMNS = frozenset(
    {"Column", "mapped_column", "Field", "Index", "UniqueConstraint", "IndexModel", "create_index"}
)

_MODULE = re.compile(
    r"(?:^|[._])(?:stores?|storages?|clients?|connect\w*|db|databases?|vector\w*|graph\w*|redis|caches?|engines?|rag|"
    r"retriev\w*|indexe?s?|repositor\w*|persist\w*|deps|dependencies)(?:$|[._])"
)
"""Modules of the project that are likely to hand out stores."""

COMMON = frozenset({"sqlalchemy", "django", "flask", "json", "pickle", "google", "azure", "zope", "kombu", "botocore"})
"""Libraries of which hardly any use is about which store is opened; the words that are stand for themselves."""

SMALL = 12
"""Lines; shorter methods of a kept class are kept too, as what they return links the others."""

LARGE = 60
"""Lines; only of larger classes are methods left out."""

STEPS = 5
"""How far the names of statements that open stores are followed to the statements that use them."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Vocabulary:
    """Tells which words can matter; what it found of a word it remembers, as words repeat all over a repository."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._roots = frozenset(root.partition(".")[0] for root in catalogue.roots) - COMMON
        self._dotted = tuple(
            sorted((m, frozenset(m.split("."))) for m in catalogue.roots if m.partition(".")[0] in COMMON and "." in m)
        )
        self._openers = frozenset(
            name.rpartition(".")[2] for name in catalogue.opened_names if name.partition(".")[0] in COMMON
        )
        self._methods = frozenset(name for name in catalogue.methods if "_" in name.strip("_") and len(name) > 9)
        self._speaks: dict[str, bool] = {}
        self._within = frozenset(part for module, _ in self._dotted for part in module.split(".")[1:])

    def speaks(self, words: set[str]) -> bool:
        """Say whether any word speaks of stores or settings, or all words of a library within a common one do."""
        for word in words:
            known = self._speaks.get(word)
            if known is None:
                known = self._speaks[word] = (
                    word in self._roots
                    or word in self._methods
                    or (len(word) > 9 and word in self._openers)
                    or _SPEAKING.search(word.lower()) is not None
                )
            if known:
                return True
        return not self._within.isdisjoint(words) and any(parts <= words for _, parts in self._dotted)

    def imported(self, tree: ast.Module) -> set[str]:
        """Return the names under which a file's top level imports something that opens or declares a store."""
        words: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                root = "" if node.level else module.partition(".")[0]
                keeps = root in self._roots or (root not in COMMON and _MODULE.search(module) is not None)
                keeps = keeps or self._within_common(module)
                for alias in node.names:
                    dotted = f"{module}.{alias.name}"
                    handed = root not in COMMON and alias.name.islower() and _MODULE.search(dotted) is not None
                    if keeps or handed or self._within_common(dotted) or self._catalogue.open(dotted) is not None:
                        words.add(alias.asname or alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    if root in self._roots or self._within_common(alias.name):
                        words.add(alias.asname or root)
        return words - {"*"}

    def calls_imported(self, tree: ast.Module, text: str) -> bool:
        """Say whether a file makes, or calls methods of a store's on, what a module likely to hand one out gives it."""
        names = self.imported(tree)
        if not names:
            return False
        used = any(call[1] in names and call[2] in self._catalogue.methods for call in _CALLED.finditer(text))
        return used or any(call[1] in names for call in _MADE.finditer(text))

    def _within_common(self, dotted: str) -> bool:
        """Say whether a module belongs to a library that lives within a common one: `google.cloud.firestore`."""
        return any(f"{dotted}.".startswith(f"{module}.") for module, _ in self._dotted)


_vocabularies: dict[str, Vocabulary] = {}


def _vocabulary(catalogue: Catalogue) -> Vocabulary:
    known = _vocabularies.get(catalogue.digest)
    if known is None:
        known = _vocabularies[catalogue.digest] = Vocabulary(catalogue)
    return known


class Chunk:
    """A statement with its lines (decorators included) and words."""

    __slots__ = ("first", "kept", "last", "node", "text", "words")

    def __init__(self, node: ast.stmt, lines: list[str]) -> None:
        decorators = getattr(node, "decorator_list", ())
        self.node = node
        self.first: int = min((node.lineno, *(decorator.lineno for decorator in decorators)))
        self.last = node.end_lineno or node.lineno
        self.text = "".join(lines[self.first - 1 : self.last])
        self.words = set(WORD.findall(self.text))
        self.kept = False

    def holds_sql(self) -> bool:
        """Say whether it holds SQL, or executes what is called so."""
        return holds_sql(self.text, self.words)

    def asks(self) -> bool:
        """Say whether it builds or runs a query expression, or has a repository do it."""
        return builds_query(self.text, self.words) or asks_repository(self.text)

    def hands_on(self) -> bool:
        """Say whether it is a task that takes messages, or sends one."""
        return not _TASKS.isdisjoint(self.words) and _HANDS_ON.search(self.text) is not None


class Relevant(NamedTuple):
    """Top-level statements that can matter, and the functions inside them that can't (by identity of their nodes).

    `functions` are those of the file's top level, looked into or not.
    """

    statements: list[ast.stmt]
    left_out: frozenset[int]
    functions: tuple[OwnFunction, ...] = ()


def relevant(tree: ast.Module, text: str, lines: list[str], catalogue: Catalogue) -> Relevant:
    """Choose the statements of a file that can matter; none if nothing in it can."""
    vocabulary = _vocabulary(catalogue)
    if catalogue.mentions(text):
        # Few files do, and what a search gives back can be put together anywhere in them.
        return Relevant(tree.body, frozenset())
    chunks = [Chunk(node, lines) for node in tree.body]
    spoken = set(WORD.findall(_between(chunks, lines))).union(*[chunk.words for chunk in chunks])
    sql = holds_sql(text, spoken)
    if not MIGRATIONS.isdisjoint(spoken) and (migration := _migration(tree)):
        return Relevant(migration, frozenset())
    defines = not MODELS.isdisjoint(spoken) or (_FROM_MODELS.search(text) is not None and _derives(tree))
    speaks = not MAPPERS.isdisjoint(spoken) or _FROM_MODELS.search(text) is not None
    asks = (speaks and builds_query(text, spoken)) or asks_repository(text)
    tasks = not _TASKS.isdisjoint(spoken) and _HANDS_ON.search(text) is not None
    matters = sql or defines or asks or tasks
    if not (matters or vocabulary.speaks(spoken) or vocabulary.calls_imported(tree, text)):
        made = _makers(tree) if not _MAKING.isdisjoint(spoken) else []
        linking = _abstract(tree) if not _ABSTRACT.isdisjoint(spoken) else []
        linking += _records(tree) if not _VECTORS.isdisjoint(spoken) else []
        if linking:
            wanted = {id(node) for node in (*made, *linking)}
            made = [n for n in tree.body if id(n) in wanted or isinstance(n, (ast.Import, ast.ImportFrom))]
        return Relevant(made, frozenset())
    for chunk in chunks:
        chunk.kept = (
            _always(chunk)
            or vocabulary.speaks(chunk.words)
            or (defines and _makes_columns(chunk))
            or (asks and chunk.asks())
            or (sql and chunk.holds_sql())
            or (tasks and chunk.hands_on())
        )
    if sql:
        # Functions may make a part of a statement: a table's name, a condition.
        named = {word for chunk in chunks if chunk.kept and chunk.holds_sql() for word in chunk.words}
        for chunk in chunks:
            if isinstance(chunk.node, _FUNCTIONS) and chunk.node.name in named:
                chunk.kept = True
    # Names that open stores lead to the statements that use them, and theirs once more.
    words = followed = vocabulary.imported(tree)
    for _ in range(STEPS):
        users = [chunk for chunk in chunks if not followed.isdisjoint(chunk.words)]
        for chunk in users:
            chunk.kept = True
        followed = {name for chunk in users for name in _names(chunk.node)} - words
        words = words | followed
    _keep_helpers(chunks)
    kept = [chunk for chunk in chunks if chunk.kept]
    left_out = frozenset(id(node) for chunk in kept for node in _left_out(chunk, lines, vocabulary, words))
    return Relevant([chunk.node for chunk in kept], left_out, _functions(chunks))


def _functions(chunks: list[Chunk]) -> tuple[OwnFunction, ...]:
    found = [(c.node.name, c) for c in chunks if isinstance(c.node, _FUNCTIONS) and not c.node.decorator_list]
    callers: dict[str, set[str]] = {name: set() for name, _ in found}
    for chunk in chunks if found else ():
        own = chunk.node.name if isinstance(chunk.node, _FUNCTIONS) else ""
        for name in chunk.words & callers.keys():
            if name != own:
                callers[name].add(own)
    return tuple(OwnFunction(name, c.first, c.last, tuple(sorted(callers[name]))) for name, c in found)


def _between(chunks: list[Chunk], lines: list[str]) -> str:
    """Return the lines between the statements of a file: comments, as a rule."""
    found: list[str] = []
    end = 0
    for chunk in chunks:
        found += lines[end : chunk.first - 1]
        end = max(end, chunk.last)
    return "".join((*found, *lines[end:]))


def _migration(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements of a migration that lead forward; none if the file is no migration."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found = node.name == "Migration"
        else:
            found = (
                not {"down_revision", "steps", "__depends__"}.isdisjoint(_names(node))
                or (isinstance(node, ast.AsyncFunctionDef) and node.name == "forwards")
                or (isinstance(node, ast.ImportFrom) and node.module == "yoyo")
            )
        if found:
            return [n for n in tree.body if not (isinstance(n, _FUNCTIONS) and n.name in _BACK)]
    return []


def _derives(tree: ast.Module) -> bool:
    """Say whether a class, perhaps one in an `if`, derives from what a module of models gives."""
    given: set[str] = set()
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("models"):
            given.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            if any(isinstance(base, ast.Name) and (base.id in given or "*" in given) for base in node.bases):
                return True
        elif isinstance(node, ast.If):
            waiting = [*node.body, *node.orelse, *waiting]
    return False


def _makes_columns(chunk: Chunk) -> bool:
    """Say whether a statement defines a column, table or index, or is a short function that does."""
    if _MAKES_COLUMNS.isdisjoint(chunk.words) and not any(
        word.endswith(("Field", "ForeignKey")) for word in chunk.words
    ):
        return False
    return not isinstance(chunk.node, _FUNCTIONS) or chunk.last - chunk.first < SMALL * 2


def _keep_helpers(chunks: list[Chunk]) -> None:
    """Keep short functions that statements which write vectors call, and what those call in turn: they may make ids."""
    short = {c.node.name: c for c in chunks if isinstance(c.node, _FUNCTIONS) and c.last - c.first < SMALL * 2}
    asking = [c for c in chunks if c.kept and not _WRITING.isdisjoint(c.words)]
    for _ in range(STEPS):
        found = [short[w] for c in asking for w in sorted(c.words & short.keys()) if not short[w].kept]
        for chunk in found:
            chunk.kept = True
        asking = found


def _makers(tree: ast.Module) -> list[ast.stmt]:
    """Return what may make ids in a file that says nothing of stores: short functions, constants and imports."""
    kept = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, *_FUNCTIONS))]
    short = [n for n in kept if (n.end_lineno or n.lineno) - n.lineno < SMALL * 2]
    return list(short) if any(isinstance(n, _FUNCTIONS) for n in short) else []


def _records(tree: ast.Module) -> list[ast.stmt]:
    """Return the classes of records in a file where one holds a vector: what writes such a record writes a vector."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    fields = (s.target for node in classes for s in node.body if isinstance(s, ast.AnnAssign))
    holds = any(isinstance(field, ast.Name) and field.id in _VECTORS for field in fields)
    return [node for node in classes if (node.end_lineno or node.lineno) - node.lineno < LARGE] if holds else []


def _abstract(tree: ast.Module) -> list[ast.stmt]:
    """Return the abstract classes of a file that says nothing of stores: what implements one of them is one role."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(_base_name(base) in _ABSTRACT for base in (*node.bases, *(k.value for k in node.keywords)))
    ]


def _base_name(base: ast.expr) -> str:
    """Return the last name of a base class, what it is generic over left off."""
    if isinstance(base, ast.Subscript):
        base = base.value
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def _names(node: ast.stmt) -> list[str]:
    """Return the names a statement defines: a function's, a class's, the targets of an assignment."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def split_lines(text: str) -> list[str]:
    """Split as Python counts lines: at newlines, not at form feeds or Unicode separators."""
    if "\r" not in text:
        return [line + "\n" for line in text.split("\n")]
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _left_out(chunk: Chunk, lines: list[str], vocabulary: Vocabulary, words: set[str]) -> Iterator[ast.stmt]:
    """Yield the long methods of a large class that can't matter."""
    if isinstance(chunk.node, ast.ClassDef) and chunk.last - chunk.first >= LARGE:
        for statement in chunk.node.body:
            if not _stays(Chunk(statement, lines), vocabulary, words):
                yield statement


def _stays(inner: Chunk, vocabulary: Vocabulary, words: set[str]) -> bool:
    if not isinstance(inner.node, _FUNCTIONS) or inner.last - inner.first < SMALL or inner.node.name == "__init__":
        return True
    if vocabulary.speaks(inner.words) or not words.isdisjoint(inner.words):
        return True
    if "embedding" in inner.words and not _STORING.isdisjoint(inner.words):
        return True
    return not _DECLARED.isdisjoint(inner.words) or inner.asks() or inner.holds_sql() or inner.hands_on()


def _always(chunk: Chunk) -> bool:
    """Say whether a statement is kept whatever it says: imports, and definitions of constants of a readable size."""
    node, lines = chunk.node, chunk.last - chunk.first
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, (ast.If, ast.Try)):
        return lines < LARGE
    if isinstance(node, _FUNCTIONS):
        if lines >= SMALL * 2:
            return False
        named = _MAKES_IDS.search(node.name) is not None and "_by_" not in node.name
        return named or not _MAKING.isdisjoint(chunk.words) or any(_EMBEDDING.search(word) for word in chunk.words)
    if isinstance(node, ast.ClassDef):
        # Bases and annotated fields link settings and implementations.
        return bool(node.bases) or lines < SMALL * 3
    return isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and lines < LARGE
