"""``serve``: run the sandbox."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import click

from ..errors import BadOption, SandboxError
from ..listeners import lan_address
from ..options import DEFAULT_PORTS, LISTENERS
from ..server import Sandbox
from .live import set_up
from .options import Failure, Misuse, admin_key, environment_key, json_option, key_option, state_option
from .show import new_table, print_table

_ENDING = (signal.SIGINT, signal.SIGTERM)


def _parse_settings(pairs: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise Misuse(f"--set wants SERVICE.NAME=VALUE, not {pair!r}")
        settings[name] = value
    return settings


def _parse_ports(pairs: tuple[str, ...], free: bool) -> dict[str, int]:
    ports = {} if free else dict(DEFAULT_PORTS)
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in LISTENERS or not value.isascii() or not value.isdigit() or int(value) > 65535:
            raise Misuse(f"--port wants NAME=NUMBER with a name of {', '.join(LISTENERS)}, not {pair!r}")
        ports[name] = int(value)
    return ports


@click.command()
@state_option
@key_option
@json_option
@click.option("--host", help="Address to listen on. [default: 127.0.0.1, or 0.0.0.0 with --listen-anywhere]")
@click.option("--admin-host", default="127.0.0.1", show_default=True, help="Address of the admin API.")
@click.option("--port", "ports", multiple=True, metavar="NAME=NUMBER", help="A listener's port; 0 takes a free one.")
@click.option("--free-ports", is_flag=True, help="Use any free port for each listener that --port does not name.")
@click.option("--name", "names", multiple=True, help="Additional name or address for the certificate.")
@click.option("--rsa", is_flag=True, help="Use RSA-2048 keys instead of ECDSA P-256; only for a new state folder.")
@click.option("--time", "start", metavar="TIME", help="Start the clock at this time, e.g. 2017-02-02T12:00:00Z.")
@click.option("--stratum", default=2, show_default=True, help="The NTP server's stratum.")
@click.option("--set", "settings", multiple=True, metavar="SERVICE.NAME=VALUE", help="Change a service's setting.")
@click.option("--most", type=click.IntRange(1), help="Take so many requests a second; answer 503 to each further one.")
@click.option("--reveal-secrets", is_flag=True, help="Do not hide secrets in the log.")
@click.option("--listen-anywhere", is_flag=True, help="Allow listening beyond loopback.")
@click.option("--lan", is_flag=True, help="Serve boards in this computer's network, at its address or at --host.")
@click.option("--quiet", is_flag=True, help="Do not print a line for each request.")
def serve(
    state: Path,
    admin_key_file: Path | None,
    as_json: bool,
    host: str | None,
    admin_host: str,
    ports: tuple[str, ...],
    free_ports: bool,
    names: tuple[str, ...],
    rsa: bool,
    start: str | None,
    stratum: int,
    settings: tuple[str, ...],
    most: int | None,
    reveal_secrets: bool,
    listen_anywhere: bool,
    lan: bool,
    quiet: bool,
) -> None:
    """Run the sandbox until it is interrupted."""
    set_up(quiet)
    if lan:
        names = (_own_address(host), *names)
        host = admin_host = "0.0.0.0"
    sandbox = Sandbox(
        state,
        host=host or ("0.0.0.0" if listen_anywhere else "127.0.0.1"),
        admin_host=admin_host,
        ports=_parse_ports(ports, free_ports),
        names=names,
        rsa=rsa,
        time=start,
        stratum=stratum,
        settings=_parse_settings(settings),
        most=most,
        reveal_secrets=reveal_secrets,
        listen_anywhere=listen_anywhere or lan,
        admin_key=admin_key(admin_key_file, environment_key()),
    )
    # The handlers only record the signal, so that the sandbox shuts down cleanly however many signals come.
    noted: list[int] = []
    before = {number: signal.signal(number, lambda number, _: noted.append(number)) for number in _ENDING}
    try:
        with sandbox:
            info = sandbox.info() | {"console_link": sandbox.console_link()}
            if lan:
                console = f"http://{names[0]}:{sandbox.ports['admin']}/"
                info["console_link"] = info["console_link"].replace(info["console"], console)
                info |= {"console": console, "admin_key": sandbox.admin_key}
            _announce(info, as_json)
            while not noted:
                time.sleep(0.1)
    except SandboxError as error:
        raise (Misuse if isinstance(error, BadOption) else Failure)(str(error)) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _own_address(host: str | None) -> str:
    try:
        return host or lan_address()
    except SandboxError as error:
        raise Failure(str(error)) from None


def _announce(info: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(info))
        return
    click.echo(f"Open the console: {info['console_link']}")
    click.echo("This link lets one browser in; `enroll-sandbox console` prints another.\n")
    table = new_table("what", "where")
    table.add_row("console", info["console"])
    for name, urls in info["urls"].items():
        table.add_row(name, f"{urls['https']}\n{urls['http']}")
    for name, port in info["ports"].items():
        if name.startswith("https-"):
            table.add_row(name, f"https://{info['ntp'].rpartition(':')[0]}:{port}")
    for name in ("ntp", "admin", "ca_pem", "ca_der", "ca_sha256", "state", "time", "admin_key"):
        if name in info:
            table.add_row(name, info[name])
    print_table(table)
