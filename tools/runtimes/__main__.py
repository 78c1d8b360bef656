"""Prints the path of a runtime: `python -m runtimes --help`."""

import sys

import click

from . import NAMES, Unavailable, available, micropython, partly, preferred


@click.command()
@click.argument("name", type=click.Choice(NAMES), required=False)
@click.option("--optional", is_flag=True, help="Exit 0 with one line on stderr where the runtime cannot be had.")
@click.option("--needed", is_flag=True, help="Fetch those that the tests need, and name them.")
def main(name: str | None, optional: bool, needed: bool) -> None:
    """Print the path of the MicroPython runtime NAME, fetched or built first if need be; without a name, of one."""
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
