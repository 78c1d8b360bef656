"""``completion``: what makes a shell complete the commands, options and values of ``enroll-sandbox``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .options import Failure

NAME = "enroll-sandbox"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL", help=f"Your shell.  [{', '.join(SHELLS)}]")
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes your shell complete commands, options and values.

    \b
    bash, in ~/.bashrc:   eval "$(enroll-sandbox completion bash)"
    zsh, in ~/.zshrc:     eval "$(enroll-sandbox completion zsh)"
    fish, once:           enroll-sandbox completion fish \\
                            > ~/.config/fish/completions/enroll-sandbox.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise Failure(f"click cannot complete in {shell}: use another shell")
    # without `source`, which asks bash for its version, and bash need not be installed here
    maker = kind(context.find_root().command, {}, NAME, f"_{NAME.upper().replace('-', '_')}_COMPLETE")
    click.echo(maker.source_template % maker.source_vars())
