"""A project of its own for tests of the runner: one small notebook, and no kernel unless a test starts one."""

import pytest
from toy_study import BODY, write_study


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the study chapter/toy, as the working directory."""
    (tmp_path / "pyproject.toml").write_text("")
    write_study(tmp_path, "chapter/toy", [BODY])
    monkeypatch.chdir(tmp_path)
    return tmp_path
