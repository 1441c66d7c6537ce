"""What is outside the audit unless configured otherwise, and what kind of file a name means."""

from __future__ import annotations

import re

from fragaudit.model import asides

TESTS = "tests"
EXAMPLES = "examples"
SCRIPTS = "scripts"
DOCS = "documentation"
ENVIRONMENTS = "virtual environments"
VENDORED = "vendored code"
BUILD = "build output and caches"
GENERATED = "generated code"
TEMPLATES = "templates of code"

_FOLDERS = {
    **dict.fromkeys(asides.EXAMPLES, EXAMPLES),
    **dict.fromkeys(asides.SCRIPTS, SCRIPTS),
    **dict.fromkeys(("docs", "doc", "documentation"), DOCS),
    **dict.fromkeys((".venv", "site-packages", "node_modules", "__pypackages__", "virtualenv"), ENVIRONMENTS),
    **dict.fromkeys(("vendor", "_vendor", "vendored", "third_party", "_vendored", "extern"), VENDORED),
    **dict.fromkeys(("build", "dist", ".eggs", ".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache",
                     "__pycache__", ".git", ".hg", ".svn", ".fragaudit_cache", ".idea", ".cache"), BUILD),
}  # fmt: skip
_TEMPLATE = re.compile(r"\{\{.*\}\}|\{%.*%\}")
"""Names that are put in when something is made of a template, as Cookiecutter and Copier do: no program yet."""
_SUBJECTS = frozenset({"cookbook", "cookbooks", "samples", "sample", "notebooks", "tutorials", "tutorial"})
_FILES = (
    (re.compile(r"^(test_.*|.*_test|tests|conftest)\.py$"), TESTS),
    (re.compile(r".*_testing\.py$"), TESTS),
    (re.compile(r".*_(example|sample)\.py$"), EXAMPLES),
    (re.compile(r".*_pb2(_grpc)?\.py$"), GENERATED),
)
_DEPLOY = re.compile(
    r"^(docker-)?compose([.-].*)?\.ya?ml$|^Dockerfile(\..*)?$|^.*\.Dockerfile$|^Containerfile$|^pyproject\.toml$"
    r"|^setup\.(cfg|py)$|^requirements[\w.-]*\.txt$|^manage\.py$|^Procfile$|^METADATA$|^\.env\.(example|sample|template)$|^[\w.-]+\.proto$"
)


DOCUMENTS = (".md", ".markdown", ".rst")
"""Ends of the names of documents, which are read only for what they say of indexes."""


def folder_reason(name: str, is_environment: bool, is_app: bool = False) -> str | None:
    """Return why a folder is outside the audit by default, or None.

    Args:
        name: the folder's own name.
        is_environment: it holds an installed Python.
        is_app: it holds migrations and is configured as a part of a service, which may be about recipes or samples.
    """
    if is_environment:
        return ENVIRONMENTS
    if _TEMPLATE.search(name) is not None:
        return TEMPLATES
    if is_app and name in _SUBJECTS:
        return None
    if name.endswith(".egg-info"):
        return BUILD
    return TESTS if asides.holds_tests(name) and not (is_app and name not in asides.TESTS) else _FOLDERS.get(name)


def file_reason(name: str) -> str | None:
    """Return why a file is outside the audit by default, or None."""
    if _TEMPLATE.search(name) is not None:
        return TEMPLATES
    return next((reason for pattern, reason in _FILES if pattern.match(name)), None)


def language(name: str) -> str | None:
    """Return what a file is read as: `python`, `sql`, `deploy`, or None for a file that says nothing to us."""
    if _DEPLOY.match(name):
        return "deploy"
    if name.endswith(".py"):
        return "python"
    return "sql" if name.endswith(".sql") else None
