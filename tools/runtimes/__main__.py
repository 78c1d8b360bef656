"""Prints the path of a runtime: `python -m runtimes --help`."""

import sys

import click

from . import NAMES, Unavailable, available, micropython, partly, preferred


@click.command()
@click.argument("name", type=click.Choice(NAMES), required=False)
@click.option("--optional", is_flag=True, help="If the runtime is not available, exit 0 with one line on stderr.")
@click.option("--needed", is_flag=True, help="Fetch the runtimes that the tests need, and print their names.")
def main(name: str | None, optional: bool, needed: bool) -> None:
    """Print the path of the MicroPython runtime NAME, or without a name of any one. Fetches or builds it first if
    necessary."""
    try:
        if needed:
            click.echo(f"micropython: {', '.join(available() + partly())}", err=True)
            return
        click.echo(micropython(name or preferred()))
    except Unavailable as error:
        if not optional:
            raise
        click.echo(f"micropython: {name or 'every runtime'} left out: {error.message}", err=True)
        sys.exit(0)


if __name__ == "__main__":
    main()
