"""What is in the images."""

import json

import pytest
from images import docker, size


def test_sizes(images):
    base = size(images["base"])
    sizes = {name: size(image) - base for name, image in images.items() if name != "base"}
    print("\nmegabytes over the base: " + ", ".join(f"{name} {extra:.0f}" for name, extra in sizes.items()))
    assert sizes["martlet"] < 60
    assert sizes["martlet"] < sizes["python"] < sizes["jupyter"]


@pytest.mark.parametrize("name", ["martlet", "python", "jupyter", "wordcount"])
def test_nobody_is_root(images, name):
    [image] = json.loads(docker("image", "inspect", images[name]))
    assert image["Config"]["User"] == "martlet"
    assert docker("run", "--rm", "--entrypoint", "id", images[name], "-u").strip() == "1000"


def test_the_command_runs(images):
    assert "SUBCOMMANDS" in docker("run", "--rm", images["martlet"], "--help")
    for name in ["ipcontroller", "ipengine"]:
        assert "--profile" in docker("run", "--rm", "--entrypoint", name, images["martlet"], "--help")


def test_engines_find_python(images):
    command = ["run", "--rm", "--entrypoint", "python", images["python"], "-c"]
    assert docker(*command, "import ipyparallel, IPython, numpy; print(ipyparallel.__version__)").startswith("9.2.")
