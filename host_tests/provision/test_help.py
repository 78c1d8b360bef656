"""What --help says, on a terminal of 80 columns."""

from collections.abc import Iterator

import click
import provision.cli
import pytest
import sandbox.cli
from click.testing import CliRunner

TOOLS = {"provision": provision.cli.main, "sandbox": sandbox.cli.main}


def paths(group: click.Group) -> Iterator[list[str]]:
    """The words of all commands of `group`, and of the groups in it."""
    yield []
    for name, command in group.commands.items():
        for more in paths(command) if isinstance(command, click.Group) else [[]]:
            yield [name, *more]


@pytest.mark.parametrize("tool", TOOLS)
def test_every_help_fits(tool: str) -> None:
    for words in paths(TOOLS[tool]):
        done = CliRunner().invoke(TOOLS[tool], [*words, "--help"], prog_name=tool, env={"COLUMNS": "200"})
        assert done.exit_code == 0
        assert not [line for line in done.output.splitlines() if len(line) > 80], (words, done.output)
        assert "\b" not in done.output, words
        assert "...\n" not in done.output.partition("Commands:")[2], "a sentence is cut"
