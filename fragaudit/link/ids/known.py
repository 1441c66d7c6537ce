"""Functions of Python and of libraries that make, change or pass on what becomes an id, by name."""

from __future__ import annotations

import re

DEEPEST_CALLS = 6
"""Calls within calls that are followed."""

RANDOM = frozenset(
    [
        "uuid.uuid4",
        "uuid.uuid1",
        "uuid.uuid6",
        "uuid.uuid7",
        "secrets.token_hex",
        "secrets.token_urlsafe",
        "secrets.token_bytes",
        "shortuuid.uuid",
        "shortuuid.random",
        "ulid.new",
        "ulid.ULID",
        "ulid.ulid",
        "nanoid.generate",
        "uuid_utils.uuid4",
        "uuid_utils.uuid7",
        "uuid6.uuid7",
        "uuid7.uuid7",
        "bson.ObjectId",
        "bson.objectid.ObjectId",
        "ksuid.ksuid",
        "cuid.cuid",
        "cuid2.Cuid",
        "random.randint",
        "random.random",
        "random.getrandbits",
        "random.choices",
        "os.urandom",
        "xid.XID",
        "typeid.TypeID",
        "uuid_extensions.uuid7",
        "django.utils.crypto.get_random_string",
        "snowflake.SnowflakeGenerator",
        "ksuid.Ksuid",
    ]
)
HASHING = frozenset(
    [
        "hashlib.md5",
        "hashlib.sha1",
        "hashlib.sha224",
        "hashlib.sha256",
        "hashlib.sha384",
        "hashlib.sha512",
        "hashlib.blake2b",
        "hashlib.blake2s",
        "hashlib.sha3_256",
        "hashlib.sha3_512",
        "xxhash.xxh64",
        "xxhash.xxh32",
        "xxhash.xxh128",
        "xxhash.xxh3_64",
        "xxhash.xxh64_hexdigest",
        "xxhash.xxh64_intdigest",
        "xxhash.xxh3_64_hexdigest",
        "xxhash.xxh3_64_intdigest",
        "xxhash.xxh3_128_hexdigest",
        "xxhash.xxh32_intdigest",
        "zlib.crc32",
        "zlib.adler32",
        "binascii.crc32",
        "mmh3.hash",
        "mmh3.hash64",
        "mmh3.hash128",
        "farmhash.fingerprint64",
        "cityhash.CityHash64",
        "blake3.blake3",
        "hmac.new",
        "hash",
    ]
)
UUID5 = frozenset({"uuid.uuid5", "uuid.uuid3", "uuid_utils.uuid5"})
WELL_KNOWN = frozenset({"uuid.NAMESPACE_DNS", "uuid.NAMESPACE_URL", "uuid.NAMESPACE_OID", "uuid.NAMESPACE_X500"})
COMMON_UUID = re.compile(r"6ba7b81[0124]-?9dad-?11d1-?80b4-?00c04fd430c8|0{8}-?(?:0{4}-?){3}0{12}")
TIME = frozenset(
    [
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.perf_counter",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.now",
        "datetime.datetime.today",
        "pendulum.now",
        "django.utils.timezone.now",
    ]
)
SAME = frozenset(
    [
        "str",
        "int",
        "repr",
        "bytes",
        "uuid.UUID",
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "reversed",
        "iter",
        "next",
        "bytearray",
        "numpy.array",
        "numpy.asarray",
        "numpy.int64",
        "numpy.uint64",
        "numpy.fromiter",
        "dict",
        "copy.copy",
        "copy.deepcopy",
        "typing.cast",
        "weaviate.util.get_valid_uuid",
        "numpy.ascontiguousarray",
        "tqdm.tqdm",
        "tqdm.auto.tqdm",
        "tqdm",
        "rich.progress.track",
        "itertools.islice",
        "filter",
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.shield",
        "max",
        "min",
        "pydantic.TypeAdapter",
        "collections.OrderedDict",
        "base64.b64encode",
        "base64.urlsafe_b64encode",
        "urllib.parse.quote",
        "urllib.parse.quote_plus",
    ]
)
RUNNING = {"asyncio.to_thread": 0, "anyio.to_thread.run_sync": 0, "asyncio.run": 0, "functools.partial": 0,
            "starlette.concurrency.run_in_threadpool": 0, "fastapi.concurrency.run_in_threadpool": 0,
            "asgiref.sync.sync_to_async": 0, "asgiref.sync.async_to_sync": 0}  # fmt: skip
RUNNING_METHODS = {"run_in_executor": 1, "submit": 0}
RUNNERS = {**{name.rpartition(".")[2]: number for name, number in RUNNING.items()}, **RUNNING_METHODS, "add_task": 0}
"""What runs a function it is given, by its last name, and which argument that is."""
ENVIRONMENT = frozenset({"os.getenv", "os.environ.get", "decouple.config"})
FIELDS = frozenset({"Field", "field", "ib", "attrib", "PrivateAttr"})
BUILTINS = frozenset(
    [
        "str",
        "int",
        "repr",
        "bytes",
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "reversed",
        "iter",
        "next",
        "bytearray",
        "dict",
        "zip",
        "enumerate",
        "map",
        "filter",
        "range",
        "len",
        "hash",
        "max",
        "min",
        "sum",
        "id",
    ]
)
