"""What --help says, on a terminal of 80 columns."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner
from enroll_tools.provision.cli import main as provision
from enroll_tools.sandbox.cli import main as sandbox

TOOLS = {"enroll-provision": provision, "enroll-sandbox": sandbox}


def paths(group: click.Group) -> Iterator[list[str]]:
    """The words of all commands of `group`, and of the groups in it."""
    yield []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
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


@pytest.mark.parametrize("word", ["status", "station"])
def test_a_command_imports_what_it_needs(word: str) -> None:
    """Each start imported all commands, and what draws lines that change on a terminal: half of its time."""
    code = (
        f"import sys; sys.argv[1:] = ['{word}', '--help']\nimport atexit\natexit.register(lambda: print(*sys.modules))"
    )
    start = f"{code}\nfrom enroll_tools.provision.cli import main\nmain(prog_name='enroll-provision')"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert ("enroll_tools.provision.station" in loaded) is (word == "station")
    assert not loaded & {"enroll_tools.provision.upgrade", "enroll_tools.provision.flash", "rich"}
