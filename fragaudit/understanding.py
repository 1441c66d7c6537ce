"""Facts of a repository in, its services with their stores, schema and access patterns out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from fragaudit.catalogue import Catalogue
from fragaudit.config import Config
from fragaudit.documents import Documenting
from fragaudit.link import link_counted
from fragaudit.link.apart import Here, Start
from fragaudit.link.disagreements import told
from fragaudit.link.ownership import databases, with_uses
from fragaudit.link.schema import changes
from fragaudit.link.schema.apart import Schemas
from fragaudit.link.sql import assigned, attach
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.findings import Coverage
from fragaudit.model.locations import Problem
from fragaudit.model.understood import Understood
from fragaudit.reading import Reading


def understand(
    asked: str,
    code: Sequence[FileFacts],
    deploy: Sequence[DeployFacts],
    catalogue: Catalogue,
    config: Config,
    name: str,
    sql: Reading,
    unread: Sequence[Problem],
    document: Documenting,
    start: Start | None = None,
) -> Understood:
    """Return what is understood of a repository; the order of its facts makes no difference.

    Args:
        asked: the paths that were asked for.
        code: facts of Python and SQL files.
        deploy: facts of deployment files.
        catalogue: the store catalogue.
        config: the configuration, its paths relative to the working directory.
        name: what a service is called that nothing names.
        sql: reads the SQL that linking finds.
        unread: problems of files that have no facts.
        document: compares what is written about indexes with the tables.
        start: starts work that can be done beside; None: all is done here.
    """
    # Facts come in the order in which processes finished them.
    code = sorted(code, key=lambda facts: facts.path)
    deploy = sorted(deploy, key=lambda facts: facts.path)
    linked = link_counted(code, deploy, catalogue, config, name, start or Here)
    texts = (*linked.written, *linked.defined.carriers)
    written = assigned(linked.services, linked.paths, code, config, texts)
    # What models and migrations in Python change, in the order of the migrations; their SQL is told from queries.
    first = len(written) - len(linked.defined.carriers)
    written, carried = written[:first], written[first:]
    said = sql.read([*written, *(text for text in carried if text.text)])
    more = linked.defined.changes(carried, said[len(written) :])
    said = said[: len(written)]
    found = (*changes(r for r in said if r[0].path not in linked.defined.files), *more)
    schemas = Schemas(found, linked.paths, databases(linked.services, linked.compose, deploy))
    attached = attach(linked.services, linked.paths, said, schemas, sql.used(said, schemas), linked.queries)
    services = with_uses(
        told(attached.services, linked.paths, linked.defined),
        linked.paths,
        linked.compose,
        deploy,
        schemas.twice,
        linked.added,
    )
    services = document(services, schemas.tables, code)
    of_files = (*(facts.problems for facts in code), *(facts.problems for facts in deploy))
    problems = {*unread, *linked.problems, *chain.from_iterable(of_files)}
    unreadable = {problem.at.path for problem in problems}
    coverage = Coverage(
        files_read=sum(facts.parsed for facts in code),
        files_skipped=sum(not facts.parsed and facts.path not in unreadable for facts in code),
        lines=sum(facts.lines for facts in code),
        store_calls_found=linked.calls_found,
        store_calls_resolved=linked.calls_resolved,
        sql_found=attached.found,
        sql_parsed=attached.parsed,
        sql_dynamic=attached.dynamic,
        sql_unparsed=attached.unparsed,
        accesses_found=attached.accesses,
        accesses_resolved=attached.resolved,
        accesses_unknown_table=attached.unknown_table,
        accesses_no_btree=attached.no_btree,
    )
    ignores = {facts.path: facts.ignores for facts in code if facts.ignores}
    return Understood(asked, services, tuple(sorted(problems)), ignores, coverage)
