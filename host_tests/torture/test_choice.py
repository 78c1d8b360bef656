"""`python -m torture` runs what its command line selects, and nothing else."""

import json

from click.testing import CliRunner
from enroll_tools.provision import library

from torture import power
from torture.__main__ import main
from torture.faults import Bench

CHOICE = ["server", "--slice", "--only", "etherfax, TCP", "--json", "--script"]
NAME = "an answer to the first byte, then reset"


def test_only_the_named_script_of_the_named_batch_is_run() -> None:
    done = CliRunner().invoke(main, [*CHOICE, NAME])
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["cases"] == 1


def test_a_name_that_no_script_has_is_said() -> None:
    done = CliRunner().invoke(main, [*CHOICE, "nothing"])
    assert done.exit_code == 1 and "no case was tried" in done.output


def test_the_power_of_a_device_of_every_provider_is_cut(tmp_path) -> None:
    words = {word.strip(",") for batch in power.batches(True, Bench(tmp_path)) for word in batch.name.split()}
    assert set(library.names()) <= words
