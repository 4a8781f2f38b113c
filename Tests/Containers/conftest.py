"""Fixtures: Docker's daemon, and the images."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Conformance"))

from images import BASE, Context, Daemon, make_base  # noqa: E402


@pytest.fixture(scope="session")
def daemon():
    daemon = Daemon()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def images(daemon, tmp_path_factory):
    """The names of the images by what they are for: `martlet`, `python`, `jupyter`, and `wordcount`."""
    make_base()
    folder = tmp_path_factory.mktemp("images")
    martlet = Context(folder / "martlet", "Dockerfile", "martlet", "martlet")
    names = {"base": BASE, "martlet": martlet.build("martlet", "--target", "martlet")}
    names["python"] = martlet.build("martlet-python", "--target", "python")
    names["jupyter"] = martlet.build("martlet-jupyter", "--target", "jupyter")
    program = Context(folder / "program", "Program.Dockerfile", "MartletWordCount", "program")
    names["wordcount"] = program.build("wordcount", "--build-arg", "PYTHON=yes")
    return names
