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


def installs(board, *words, kind="mpy"):
    """Whatever mip is told to install can be imported."""
    done = board.mpremote("mip", "install", *words, "+", "exec", PROGRAM)
    assert done.returncode == 0 and f"Enroller Session /lib/enroll/__init__.{kind}" in done.stdout, done


@pytest.mark.long("chip")
@pytest.mark.parametrize("kind", ["py", "mpy"])
def test_from_a_folder(plug, dist, runtime, kind):
    installs(plug(runtime), f"{dist}/{kind}/xyte.json", kind=kind)


def test_from_a_url(plug, server):
    installs(plug(), f"{server}/mpy/etherfax.json")


def test_from_the_same_address_as_an_index(plug, server):
    installs(plug(), "--index", server, "enroll-etherfax")


def test_by_the_command_that_make_dist_prints(plug, tmp_path):
    """The folder has a blank in its name, as a person's may."""
    folder = tmp_path / "my dist"
    printed = CliRunner().invoke(packages.main, ["dist", "--out", str(folder)]).output
    mpremote, mip, install, *words = shlex.split(printed.removeprefix(f"{folder}: "))
    assert (mpremote, mip, install) == ("mpremote", "mip", "install")
    page = (packages.ROOT / "docs/integrate.md").read_text()
    [shown] = re.findall(r"    \.venv/bin/mpremote (.*) dist enroll-", page)
    assert shown == f"mip install {words[0]}"
    installs(plug(), *words)


def test_from_the_project_itself(plug):
    installs(plug(), str(packages.ROOT / "package.json"), kind="py")
