"""Folders and files whose names are put in later: templates that code is made of, no code of any service."""

from __future__ import annotations

from pathlib import Path

import pytest

from fragaudit.config import Config
from fragaudit.discover import discover


@pytest.mark.parametrize(
    "path",
    [
        "{{cookiecutter.app_name}}/models.py",
        "service/{{ cookiecutter.slug }}/api/views.py",
        "service/{{ module_name }}.py",
        "service/{% if with_api %}api{% endif %}/schema.sql",
    ],
)
def test_templates_are_left_out_and_counted(tmp_path: Path, path: str) -> None:
    template, own = tmp_path / path, tmp_path / "service" / "models.py"
    for file in (template, own):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    found = discover([tmp_path], tmp_path, Config())
    assert [file.path for file in found.files] == ["service/models.py"]
    assert found.excluded == (("templates of code", 1),)


def test_a_template_that_is_named_outright_is_read(tmp_path: Path) -> None:
    template = tmp_path / "{{name}}.py"
    template.write_text("")
    assert [file.path for file in discover([template], tmp_path, Config()).files] == ["{{name}}.py"]
