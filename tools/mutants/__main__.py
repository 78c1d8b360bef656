"""Mutation testing: makes one change in lib/enroll at a time, and shows which changes no test notices."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from . import trial
from .judge import Result, judge
from .mutations import Mutant, choose, find, modules

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "enroll"
_KINDS = {it: f"a {it}" for it in ("comparison", "condition", "number")} | {"dropped": "a dropped statement"}
LEAST = 95  # percent of the mutants that are not equivalent
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
# without test_properties.py and the simulated years: a unit test should notice first, and in a tenth of their time
SUITE = trial.Suite(
    ROOT, ROOT / "lib" / "enroll", ("host_tests/unit", "host_tests/scenarios", "host_tests/test_cpython_tls.py")
)


class Wrong(click.ClickException):
    """The mutants cannot be judged."""

    exit_code = 2


def reasons(path: Path, mutants: list[Mutant]) -> dict[tuple[str, ...], str]:
    """{key of a mutant: why no test can notice it} from the list at `path`. Raises Wrong where it is out of date."""
    known = {mutant.key for mutant in mutants}
    found: dict[tuple[str, ...], str] = {}
    for entry in tomllib.loads(path.read_text())["mutant"]:
        module, _, scope = entry["in"].partition(":")
        key = (module, scope, entry["line"], entry["becomes"])
        if key not in known:
            raise Wrong(f"{path.name} lists a mutant that is not made: correct or remove it.\n{entry}")
        found[key] = entry["why"]
    return found


def place(mutant: Mutant) -> str:
    """`file:line` of `mutant`."""
    path = mutant.path.relative_to(ROOT) if mutant.path.is_relative_to(ROOT) else mutant.path
    return f"{path}:{mutant.line}"


def show(result: Result, console: Console) -> None:
    """Print the score of each module, and the mutants that survived."""
    table = Table("module", "killed", "alive", "equivalent", "score")
    for module in [*result.modules(), ""]:
        figures = result.figures(module)
        table.add_row(
            module or "all", *(str(figures[it]) for it in ("killed", "alive", "equivalent")), f"{figures['score']} %"
        )
    console.print(table)
    for mutant in result.alive:
        console.print(f"{place(mutant)} in {mutant.scope or 'the module'}, {_KINDS[mutant.kind]}", markup=False)
        for sign, text in (("-", mutant.old), ("+", mutant.new)):
            for line in text.splitlines():
                console.print(f"  {sign} {line.strip()}"[:80], markup=False, style="red" if sign == "-" else "green")


def as_json(result: Result, seed: int) -> dict[str, Any]:
    """The same for programs."""

    def entry(mutant: Mutant) -> dict[str, Any]:
        return {"place": place(mutant), "in": f"{mutant.module}:{mutant.scope}", "kind": mutant.kind} | {
            "line": mutant.key[2],
            "becomes": mutant.key[3],
        }

    return {
        "seed": seed,
        **result.figures(""),
        "modules": {module: result.figures(module) for module in result.modules()},
        "survivors": [entry(it) for it in result.alive],
        "equivalents": [entry(it) | {"why": why} for it, why in result.equivalent],
    }


@click.command()
@click.option("--all", "every", is_flag=True, help="Try every mutant, not a sample.")
@click.option("--sample", default=200, show_default=True, help="How many mutants to try.")
@click.option("--seed", default=12, show_default=True, help="Seed that selects the sample.")
@click.option(
    "--module", "names", multiple=True, help="Only mutants of this module, such as session or providers.xyte."
)
@click.option(
    "--jobs", default=os.cpu_count() or 1, show_default=True, help="How many mutants to try at the same time."
)
@click.option("--list", "only_list", is_flag=True, help="List the mutants without trying them.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def main(every: bool, sample: int, seed: int, names: tuple[str, ...], jobs: int, only_list: bool, json_: bool) -> None:
    """Make one change in lib/enroll at a time, run the unit tests on CPython, and show changes that no test notices.

    Exit status: 0 at least 95 % of the mutants that are not equivalent are noticed, 1 fewer are, 2 the tests fail
    without a mutant or the list of equivalent mutants is out of date.
    """
    mutants = [mutant for path, module in modules(SUITE.library) for mutant in find(path, module)]
    why = reasons(EQUIVALENT, mutants)
    if names:
        wanted = {f"{PACKAGE}.{name}" for name in names}
        if unknown := wanted - {it.module for it in mutants}:
            raise Wrong(f"lib/enroll has no mutants in {', '.join(sorted(unknown))}: name its modules.")
        mutants = [it for it in mutants if it.module in wanted]
    chosen = choose(mutants, None if every else sample, seed)
    if only_list:
        for mutant in chosen:
            click.echo(f"{place(mutant)} {mutant.kind}\n  - {mutant.old}\n  + {mutant.new}")
        return
    errors = Console(stderr=True)
    errors.print(f"{len(chosen)} of {len(mutants)} mutants, seed {seed}")
    result = Result(equivalent=[(it, why[it.key]) for it in chosen if it.key in why])
    try:
        with Progress(console=errors, auto_refresh=False, transient=True, disable=not errors.is_terminal) as progress:
            tried = [it for it in chosen if it.key not in why]
            judge(SUITE, tried, result, jobs, ROOT / ".cache" / "mutants.json", progress)
    except trial.Problem as problem:
        raise Wrong(str(problem)) from problem
    if json_:
        click.echo(json.dumps(as_json(result, seed), indent=1))
    else:
        show(result, Console(highlight=False, soft_wrap=True))
    sys.exit(result.figures("")["score"] < LEAST)


if __name__ == "__main__":
    main()
