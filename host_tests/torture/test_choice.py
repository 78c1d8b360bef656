"""`python -m torture` runs what its command line selects, and nothing else."""

import json

from click.testing import CliRunner

from torture.__main__ import main

CHOICE = ["server", "--slice", "--only", "etherfax, TCP", "--json", "--script"]
NAME = "an answer to the first byte, then reset"


def test_only_the_named_script_of_the_named_batch_is_run() -> None:
    done = CliRunner().invoke(main, [*CHOICE, NAME])
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["cases"] == 1


def test_a_name_that_no_script_has_is_said() -> None:
    done = CliRunner().invoke(main, [*CHOICE, "nothing"])
    assert done.exit_code == 1 and "no case was tried" in done.output
