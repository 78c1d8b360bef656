"""Builds the host tools as a wheel, and installs it into a virtual environment."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import click
from devices import ROOT


def _run(what: str, *words: object) -> None:
    done = subprocess.run(list(map(str, words)), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{what} failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")


def build(out: Path) -> Path:
    """Build the wheel into the folder `out`, without a network."""
    before = set(out.glob("*.whl"))
    _run("the build of the wheel", sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out.resolve())
    [made] = set(out.glob("*.whl")) - before
    return made


def install(wheel: Path, folder: Path) -> Path:
    """Install `wheel` into a new virtual environment in `folder`; returns the folder of its programs.

    The libraries that it needs are those of this environment, since no network is needed then. The tools of this
    checkout are not among them.
    """
    venv.EnvBuilder(symlinks=True).create(folder)
    bin_ = folder / "bin"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", bin_ / "python"]
    _run("the installation of the wheel", *pip, "install", "--no-deps", "--no-index", "--no-compile", wheel.resolve())
    [site] = (folder / "lib").glob("python*/site-packages")
    # not a site folder: what its own .pth files name stays away
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_
