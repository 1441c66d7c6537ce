"""The reports for other tools: valid whatever stands in the code, and never a failure for what can't fail a build."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree

import jsonschema
import pytest

from fragaudit.cli.check import look_of
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit_sources
from fragaudit.report import CHECK, MAP, Look

NASTY = '</script><img src=x onerror=alert(1)> ]]> & "q" \\x1b[31m `code` | @team [link](http://evil.example) --> %s'
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation of the code quality report demands."""


@pytest.fixture(scope="module")
def report() -> Report:
    return audit_sources(
        {
            "app.py": f"import redis\na = redis.Redis(host='a{NASTY}')\nb = redis.Redis(host='b')\n",
            'o"<d>&d|`.py': f"import redis\nc = redis.Redis(host='c')  # fragaudit: ignore[{NASTY[:9]}] {NASTY}\n",
            "broken.py": "import redis\nredis.Redis(((\n",
        }
    )


def rendered(report: Report, kind: str) -> str:
    text = CHECK[kind](report, Look())
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert text.endswith("\n")
    return text


def test_gitlab(report: Report) -> None:
    issues = json.loads(rendered(report, "gitlab"))
    jsonschema.validate(issues, GITLAB)
    assert ("app.py", 3, "minor") in {
        (i["location"]["path"], i["location"]["lines"]["begin"], i["severity"]) for i in issues
    }
    assert len({i["fingerprint"] for i in issues}) == len(issues)
    assert {i["severity"] for i in issues if i["check_name"].startswith("FA401")} == {"info"}


def test_junit(report: Report) -> None:
    root = ElementTree.fromstring(rendered(report, "junit"))
    suites = root.findall("testsuite")
    assert {s.get("name") for s in suites} >= {"app.py", "broken.py", 'o"<d>&d|`.py'}
    for element in (root, *suites):
        cases = list(element.iter("testcase"))
        assert element.get("tests") == str(len(cases))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert element.get(attribute) == str(len(list(element.iter(tag))))
    failed = {c.get("name") for c in root.iter("testcase") if c.find("failure") is not None}
    assert "FA101 multiple-kv-stores line 3" in failed
    skipped = {c.get("name", "")[:5] for c in root.iter("testcase") if c.find("skipped") is not None}
    assert "FA401" in skipped


def test_junit_of_nothing_is_a_test_that_passes() -> None:
    root = ElementTree.fromstring(rendered(audit_sources({"a.py": "x = 1\n"}), "junit"))
    assert [(c.get("name"), len(c)) for c in root.iter("testcase")] == [("no findings", 0)]


def test_markdown(report: Report) -> None:
    text = rendered(report, "markdown")
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    prose = re.sub(r"(`+)(?!`).+?\1", "", text)
    assert not re.search(r"(?<!\\)<(?!br>)", prose)
    assert "](" not in prose.replace("\\](", "")
    assert "@team" not in prose


class Markup(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def references(text: str) -> Iterator[str]:
    """Yield everything that a page would load or lead to."""
    markup = Markup()
    markup.feed(text)
    for _, attributes in markup.tags:
        yield from (v or "" for k, v in attributes.items() if k in ("src", "href", "action", "srcset", "data"))
    yield from re.findall(r"url\(([^)]*)\)|@import", text)


def test_html(report: Report) -> None:
    text = rendered(report, "html")
    markup = Markup()
    markup.feed(text)
    assert {tag for tag, _ in markup.tags} & {"img", "script", "iframe", "object"} == set()
    assert not any(name.startswith("on") for _, attributes in markup.tags for name in attributes)
    assert [r for r in references(text) if not r.startswith(("#", "data:"))] == []
    assert "&lt;/script&gt;" in text
    ids = [attributes["id"] for _, attributes in markup.tags if "id" in attributes]
    assert len(set(ids)) == len(ids) > 0


@pytest.fixture(scope="module")
def hostile() -> Report:
    """Services, stores and tables whose names try to be markup."""
    code = (
        "import redis\nfrom sqlalchemy import create_engine, Column, Integer\n"
        "from sqlalchemy.orm import declarative_base\nBase = declarative_base()\n"
        f"engine = create_engine('postgresql://db{NASTY[:9]}\"];/x')\nr = redis.Redis(host={NASTY!r})\n"
        f"class T(Base):\n    __tablename__ = {NASTY!r}\n    id = Column(Integer, primary_key=True)\n"
    )
    return audit_sources({f"{name}/app.py": code for name in ("a", 'b"]-->c')} | {"a/requirements.txt": "x\n"})


def test_the_picture_as_a_page(hostile: Report) -> None:
    text = MAP["html"](hostile, Look())
    markup = Markup()
    markup.feed(text)
    assert [tag for tag, _ in markup.tags if tag in ("img", "iframe", "object", "base", "form")] == []
    assert [r for r in references(text) if not r.startswith(("#", "data:"))] == []
    assert "sourceMappingURL" not in text
    assert "default-src 'none'" in text
    (island,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    data = json.loads(island)
    stores = {store["id"]: store for store in data["stores"]}
    services = {service["id"] for service in data["services"]}
    assert {edge["service"] for edge in data["edges"]} <= services
    assert {edge["store"] for edge in data["edges"]} <= set(stores)
    assert any("</script>" in held["name"] for store in stores.values() for held in store["held"])
    # The table says the same without a script, and the licence of the library goes along with it.
    assert '<th scope="row">&lt;/script&gt;' in text
    assert "Permission is hereby granted" in text


def test_the_picture_in_mermaid(hostile: Report) -> None:
    lines = MAP["mermaid"](hostile, Look()).splitlines()
    assert lines[0] == "flowchart LR"
    node = re.compile(
        r'  [sd]\d+(?:\["[^"\[\]<>|]*(?:<br>[^"\[\]<>|]*)*"\]|\[\("[^"\[\]<>|]*(?:<br>[^"\[\]<>|]*)*"\)\])'
    )
    edge = re.compile(r'  s\d+ -- "[^"\[\]<>|]*" --> d\d+')
    style = re.compile(r"  class(?:Def \w+ [\w:#,-]+| [sd\d,]+ \w+)")
    for line in lines[1:]:
        assert node.fullmatch(line) or edge.fullmatch(line) or style.fullmatch(line), line


def test_the_picture_for_graphviz(hostile: Report) -> None:
    text = MAP["dot"](hostile, Look())
    assert text.startswith("digraph fragaudit {")
    assert text.endswith("}\n")
    for line in text.splitlines()[3:-1]:
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
        assert re.fullmatch(r"  [sd]\d+(?: -> [sd]\d+)? \[[\w=, \"#]*\];", outside), line


def test_the_map_says_each_reason_once_with_its_places() -> None:
    files = {
        "shop/base.py": "class CacheBackend:\n    def get(self, key): ...\n",
        "shop/one.py": "import redis\nfrom shop.base import CacheBackend\n"
        "class Redis(CacheBackend):\n    def __init__(self, host):\n        self.c = redis.Redis(host=host)\n",
        "shop/two.py": "from pymemcache import Client\nfrom shop.base import CacheBackend\n"
        "class Memcache(CacheBackend):\n    def __init__(self):\n        self.c = Client('m')\n",
        "shop/config.py": "class CacheConfig:\n    cache_backend: str = 'redis'\n",
        "shop/data.py": "import os\nimport psycopg\nURL = os.environ['DATABASE_URL']\n"
        "a = psycopg.connect(URL)\nb = psycopg.connect(URL)\nc = psycopg.connect(URL)\n",
    }
    text = MAP["text"](audit_sources(files), Look())
    because = "    because: one store with shop/data.py:4: the same address {DATABASE_URL} (shop/data.py:5,\n"
    assert because + "      shop/data.py:6)\n" in text
    assert "    one of memcached, redis (the default)\n" in text
    assert "  kv:redis  cache  " in text


LONG = "DATABASES_OF_MANY_WORDS = " + " + ".join(["'word'"] * 40) + "; one = redis.Redis(host='one')\n"


def test_what_nobody_looks_at_has_each_sentence_on_one_line() -> None:
    """Logs are searched line by line: only source that goes on and on is cut to what is meant."""
    report = audit_sources({"app.py": f"import redis\n{LONG}two = redis.Redis(host='two')\n"})
    text = CHECK["text"](report, Look(width=0))
    (finding,) = (f for f in report.findings if f.rule == "FA101")
    assert f"  {finding.message}\n" in text
    assert f"  help: {' '.join(finding.help.split())}\n" in text
    assert max(len(line) for line in text.splitlines() if " | " in line) <= 130
    assert f"  {finding.message}\n" not in CHECK["text"](report, Look(width=60))


@pytest.mark.parametrize(
    ("columns", "terminal", "width"),
    [("", False, 0), ("72", False, 72), ("9", False, 40), ("0", False, 0), ("72", True, 72)],
)
def test_a_report_is_as_wide_as_the_environment_says(
    columns: str, terminal: bool, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert look_of("never", None, statistics=False).width == width
