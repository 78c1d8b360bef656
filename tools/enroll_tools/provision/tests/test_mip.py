"""Genuine mpremote installs the packages of `make dist` on a board, from a folder and from a URL."""

import re
import shlex

import packages
import pytest
import web
from click.testing import CliRunner

PROGRAM = "import enroll; print(enroll.Enroller.__name__, enroll.Session.__name__, enroll.__file__)"


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """The folder of the packages, which have no address of their own."""
    folder = tmp_path_factory.mktemp("dist")
    packages.write_packages(folder)
    return folder


@pytest.fixture
def server(dist):
    """URL of the same folder on loopback."""
    with web.serving(dist) as url:
        yield url


@pytest.mark.parametrize("kind", ["py", "mpy"])
def test_from_a_folder(plug, dist, runtime, kind):
    done = plug(runtime).mpremote("mip", "install", f"{dist}/{kind}/xyte.json", "+", "exec", PROGRAM)
    assert done.returncode == 0 and f"Enroller Session /lib/enroll/__init__.{kind}" in done.stdout, done


def test_from_a_url(plug, server):
    done = plug().mpremote("mip", "install", f"{server}/mpy/etherfax.json", "+", "exec", PROGRAM)
    assert done.returncode == 0 and "Enroller Session /lib/enroll/__init__.mpy" in done.stdout, done


def test_from_the_same_address_as_an_index(plug, server):
    done = plug().mpremote("mip", "install", "--index", server, "enroll-etherfax", "+", "exec", PROGRAM)
    assert done.returncode == 0 and "Enroller Session /lib/enroll/__init__.mpy" in done.stdout, done


def test_by_the_command_that_make_dist_prints(plug, tmp_path):
    """The folder has a blank in its name, as a person's may."""
    folder = tmp_path / "my dist"
    printed = CliRunner().invoke(packages.main, ["dist", "--out", str(folder)]).output
    mpremote, *words = shlex.split(printed.removeprefix(f"{folder}: "))
    assert mpremote == "mpremote"
    page = (packages.ROOT / "docs/integrate.md").read_text()
    [shown] = re.findall(r"    \.venv/bin/mpremote (.*) dist enroll-", page)
    assert shown == " ".join(words[:3])
    done = plug().mpremote(*words, "+", "exec", PROGRAM)
    assert done.returncode == 0 and "Enroller Session /lib/enroll/__init__.mpy" in done.stdout, done


def test_from_the_project_itself(plug):
    done = plug().mpremote("mip", "install", str(packages.ROOT / "package.json"), "+", "exec", PROGRAM)
    assert done.returncode == 0 and "Enroller Session /lib/enroll/__init__.py" in done.stdout, done
