"""The command, and the files with which it is installed."""

import subprocess
import sys
import tomllib

import pytest
from conftest import KIT

from parallel_conformance.processes import fill


def test_without_anything_under_test_it_says_how() -> None:
    """With examples."""
    done = subprocess.run(
        [sys.executable, "-m", "parallel_conformance"], cwd=KIT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "--controller" in done.stderr


def test_templates_are_filled() -> None:
    """Word by word, and unknown names are refused."""
    assert fill("run --dir={dir} '{dir} x'", {"dir": "a b"}) == ["run", "--dir=a b", "a b x"]
    with pytest.raises(ValueError, match="known are dir"):
        fill("run {folder}", {"dir": "a"})


def test_all_packages_are_installed() -> None:
    """The list in pyproject.toml has each folder with code."""
    listed = set(tomllib.loads((KIT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    root = KIT / "parallel_conformance"
    found = {".".join(path.parent.relative_to(KIT).parts) for path in root.rglob("*.py")}
    assert listed == found
