"""tools/Containerfile: its commands in a virtual environment, since no container engine is needed for the tests."""

import fnmatch
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import packages
import pytest
from devices import ROOT
from enroll_tools.sandbox.client import RUNNING
from enroll_tools.sandbox.options import DEFAULT_PORTS
from test_blocks import blocks

PATIENCE = 30  # seconds until it is healthy, on a busy machine


def instructions() -> list[tuple[str, str]]:
    """(name, arguments) of each instruction."""
    lines = (ROOT / "tools/Containerfile").read_text().replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


FILE = dict(instructions())  # of those that come more than once, the last
STATE = dict(pair.split("=") for pair in shlex.split(FILE["ENV"]))["SANDBOX_STATE"]


def words(instruction: str) -> list[str]:
    """The command of an instruction, run by the programs of this environment."""
    command = json.loads(instruction[instruction.index("[") :])
    return [str(Path(sys.executable).with_name(it)) if it == "enroll-sandbox" else it for it in command]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the container's environment says, with a state folder of the test's own."""
    return {**os.environ, "SANDBOX_STATE": str(tmp_path / "state")}


@pytest.fixture
def container(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """ENTRYPOINT and CMD, at free ports."""
    command = [*words(FILE["ENTRYPOINT"]), *words(FILE["CMD"]), "--free-ports"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def healthy(environment: dict[str, str]) -> bool:
    return not subprocess.run(words(FILE["HEALTHCHECK"]), env=environment, capture_output=True, check=False).returncode


@pytest.mark.long
def test_it_becomes_healthy_and_ends_at_a_signal(
    environment: dict[str, str], container: subprocess.Popen[bytes]
) -> None:
    end = time.monotonic() + PATIENCE
    while not (Path(environment["SANDBOX_STATE"]) / RUNNING).exists() and time.monotonic() < end:
        assert container.poll() is None
        time.sleep(0.05)
    assert healthy(environment)
    container.terminate()
    assert container.wait(10) == 0
    assert not healthy(environment)


def test_its_wheel_user_volume_and_ports() -> None:
    names = [name for name, _ in instructions()]
    assert fnmatch.fnmatch(f"enroll_tools-{packages.version()}-py3-none-any.whl", FILE["COPY"].split()[0])
    assert names.index("USER") < names.index("ENTRYPOINT") and f"useradd --uid 1000 {FILE['USER']} " in FILE["RUN"]
    assert FILE["VOLUME"] == STATE and FILE["RUN"].endswith(
        f"--owner={FILE['USER']} --group={FILE['USER']} --mode=700 {STATE}"
    )
    assert {int(it.partition("/")[0]) for it in FILE["EXPOSE"].split()} == {*DEFAULT_PORTS.values()}
    assert f"{DEFAULT_PORTS['ntp']}/udp" in FILE["EXPOSE"].split()


def test_the_page_fits_the_file() -> None:
    shown = [it for it in blocks(ROOT / "docs/sandbox.md") if re.match("docker|services:", it)]
    assert len(shown) == 2
    for block in shown:
        published = re.findall(r"\b(\d+):(\d+(?:/udp)?)", block)
        assert published and {inside for _, inside in published} <= {*FILE["EXPOSE"].split()}
        assert all(outside == inside.partition("/")[0] for outside, inside in published)
        assert set(re.findall(r":(/\w+)", block)) == {STATE}
        assert "SANDBOX_ADMIN_KEY" in block
    assert (ROOT / shlex.split(shown[0].splitlines()[0])[3]).is_file()
