"""`Docker/compose.secrets.yaml` and `Docker/secrets.sh` without Docker: their commands as processes of this machine."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from harness import REPOSITORY, TIMEOUT, binary

DOCKER = REPOSITORY / "Docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.secrets.yaml").read_text())


def test_services_differ_from_those_of_the_other_file_in_their_keys_only():
    other = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    for name, service in COMPOSE["services"].items():
        own = {key: value for key, value in service.items() if key not in ("volumes", "secrets", "command")}
        assert own == {key: value for key, value in other[name].items() if key not in ("volumes", "command")}
    assert COMPOSE["services"]["controller"]["command"] == other["controller"]["command"]


def test_each_service_has_its_own_key_only():
    services = COMPOSE["services"]
    assert services["controller"]["volumes"] == ["keys:/home/martlet/.ipython"] and set(COMPOSE["volumes"]) == {"keys"}
    for name in ["engine", "client"]:
        assert "volumes" not in services[name] and services[name]["secrets"] == [name]
    assert set(COMPOSE["secrets"]) == {"engine", "client"}


@pytest.fixture
def made(tmp_path, place):
    """The folder `Docker` after `secrets.sh`, with the controller running."""
    docker = tmp_path / "Docker"
    docker.mkdir()
    for name in ["compose.secrets.yaml", "secrets.sh"]:
        shutil.copy(DOCKER / name, docker)
    volumes = tmp_path / "volumes"
    volumes.mkdir()
    standin = Path(__file__).with_name("compose_standin.py")
    environment = dict(
        place.environment, STANDIN=str(volumes), MARTLET=binary("martlet"), COMPOSE=f"{sys.executable} {standin}")
    try:
        done = subprocess.run(
            [docker / "secrets.sh"], cwd="/", env=environment, capture_output=True, text=True, timeout=2 * TIMEOUT)
        assert done.returncode == 0, done.stderr
        yield docker
    finally:
        if (volumes / "pid").exists():
            psutil.Process(int((volumes / "pid").read_text())).kill()


def command(service, docker):
    """A service's command with its secrets where they are here."""
    words = COMPOSE["services"][service]["command"]
    for name, secret in COMPOSE["secrets"].items():
        words = [word.replace(f"/run/secrets/{name}", str(docker / secret["file"])) for word in words]
    assert not any("/run/secrets" in word for word in words)
    return [binary("MartletWordCount"), *words]


def test_the_commands_count_words(made, place, tmp_path):
    secrets = made / "secrets"
    assert oct(secrets.stat().st_mode & 0o777) == "0o700"
    files = {name: secrets / f"{name}.json" for name in ["engine", "client"]}
    keys = {name: json.loads(file.read_text()) for name, file in files.items()}
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in files.values())
    assert keys["engine"]["curve_secretkey"] != keys["client"]["curve_secretkey"]
    text = tmp_path / "text"
    text.write_text("the quick brown fox jumps over the lazy dog\n")
    engine = subprocess.Popen([*command("engine", made), "--no-python"], env=place.environment, stderr=subprocess.PIPE)
    try:
        counted = subprocess.run(
            [*command("client", made), text], env=place.environment, capture_output=True, text=True, timeout=TIMEOUT)
        assert counted.returncode == 0, counted.stderr
        assert "Both counts agree: 9 words, 8 different ones." in counted.stdout
    finally:
        engine.terminate()
        engine.communicate(timeout=TIMEOUT)
    # What an engine knows doesn't make it a client.
    stolen = dict(keys["client"], curve_publickey=keys["engine"]["curve_publickey"],
                  curve_secretkey=keys["engine"]["curve_secretkey"])
    files["client"].write_text(json.dumps(stolen))
    refused = subprocess.run(
        [*command("client", made), text], env=place.environment, capture_output=True, text=True, timeout=2 * TIMEOUT)
    assert refused.returncode == 1 and "Both counts agree" not in refused.stdout
