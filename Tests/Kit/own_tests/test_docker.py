"""The files that run the kit in containers, read as Docker reads them."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import KIT

DOCKER = KIT.parents[1] / "Docker"
INSTRUCTIONS = {"ARG", "FROM", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT", "ENV", "VOLUME", "CMD", "EXPOSE"}


def _instructions(path: Path) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", path.read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


@pytest.mark.parametrize("name", ["Dockerfile", "Kit.Dockerfile"])
def test_dockerfiles_have_known_instructions(name: str) -> None:
    """And copy what is there."""
    instructions = _instructions(DOCKER / name)
    assert {word for word, _ in instructions} <= INSTRUCTIONS
    assert [word for word, _ in instructions if word != "ARG"][0] == "FROM"
    for word, rest in instructions:
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _ = shlex.split(rest)
            assert all((DOCKER.parent / source).exists() for source in sources), rest


def test_the_compose_file_fits_the_kit() -> None:
    """Its services are built from files that exist, and the kit reads where the controller writes."""
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with Dask")
    compose = yaml.safe_load((DOCKER / "conformance.yaml").read_text())
    for service in compose["services"].values():
        build = service["build"]
        assert (DOCKER / build["context"] / build["dockerfile"]).exists()
        for volume in service["volumes"]:
            assert volume.split(":")[0] in compose["volumes"]
    command = compose["services"]["kit"]["command"]
    assert command[0] == "--controller-files"
    assert [Path(path).name for path in command[1:3]] == ["ipcontroller-client.json", "ipcontroller-engine.json"]
    ping = next(word for word in command if word.startswith("--ping"))
    assert ping in compose["services"]["controller"]["command"]
