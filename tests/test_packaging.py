"""What is shipped: every module, every rule, and nothing else."""

from __future__ import annotations

import tarfile
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

import fragaudit
from fragaudit import resources

ROOT = Path(__file__).parent.parent
NOT_SHIPPED = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".fragaudit_cache"}


def below(folder: str) -> set[str]:
    """Return the files of a folder of the checkout, relative to it."""
    found = (f.relative_to(ROOT / folder) for f in (ROOT / folder).rglob("*") if f.is_file())
    return {f.as_posix() for f in found if not NOT_SHIPPED & set(f.parts) and f.suffix != ".pyc"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the wheel and the sdist with the project's own build back end."""
    back_end = pytest.importorskip("hatchling.build", reason="the build back end is not installed; .ci/run installs it")
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)
        return folder / back_end.build_wheel(str(folder)), folder / back_end.build_sdist(str(folder))


def test_the_wheel_holds_the_package_and_the_rules_and_nothing_else(built: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(built[0]).namelist())
    shipped = {name for name in names if ".dist-info/" not in name}
    rules = {f"fragaudit/_rules/{name}" for name in below("rules")}
    assert {"fragaudit/_rules/index.toml", "fragaudit/_rules/checklist.toml", "fragaudit/_rules/engines.toml"} <= rules
    assert shipped == {f"fragaudit/{name}" for name in below("fragaudit")} | rules
    assert "fragaudit/py.typed" in shipped


def test_the_wheel_says_its_version_licence_and_command(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        folder = f"fragaudit-{fragaudit.__version__}.dist-info"
        metadata = wheel.read(f"{folder}/METADATA").decode()
        assert "\nRequires-Python: >=3.11\n" in metadata
        assert "\nLicense-Expression: MIT\n" in metadata
        assert "fragaudit = fragaudit.__main__:main" in wheel.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in wheel.namelist()


def test_the_sdist_holds_what_the_wheel_and_the_tests_are_made_of(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for folder in ("fragaudit", "rules", "tests", "fixtures"):
        assert {f"{folder}/{name}" for name in below(folder)} <= names
    assert not {name for name in names if NOT_SHIPPED & set(name.split("/"))}


def test_the_rules_are_found() -> None:
    root = resources.rules_root()
    assert (root / resources.MARKER).is_file()
    assert len([f for f in (root / "stores").iterdir() if f.name.endswith(".toml")]) >= 120


def test_without_rules_there_is_no_audit_instead_of_a_clean_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site-packages" / "fragaudit").mkdir(parents=True)
    (tmp_path / "site-packages" / "rules").mkdir()  # another project's, without the marker
    monkeypatch.setattr(resources, "files", lambda _: tmp_path / "site-packages" / "fragaudit")
    with pytest.raises(resources.ResourceError, match="rules folder is missing"):
        resources.rules_root.__wrapped__()


def test_packaged_rules_come_before_a_folder_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fragaudit"
    for folder in (package / "_rules", tmp_path / "rules"):
        folder.mkdir(parents=True)
        (folder / resources.MARKER).write_text("schema = 1\n")
    monkeypatch.setattr(resources, "files", lambda _: package)
    assert resources.rules_root.__wrapped__() == package / "_rules"


def test_a_type_checker_finds_the_types() -> None:
    assert (files("fragaudit") / "py.typed").is_file()
