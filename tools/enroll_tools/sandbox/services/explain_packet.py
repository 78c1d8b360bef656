"""Explains log entries that belong to no service: NTP, TLS handshakes, and what is not HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .explain import Explanation, Field, fault_in, fault_title

if TYPE_CHECKING:
    from ..log import Entry

# By NTP fault, what the server did.
_NTP = {
    "kiss-of-death": "told the device to ask less often",
    "stratum-16": "said that it is not synchronised (stratum 16)",
    "unsynchronized": "said that it is not synchronised (leap 3)",
    "wrong-mode": "answered in a wrong mode",
    "wrong-origin": "did not repeat the time that the device had sent",
    "zero-transmit": "sent no time",
    "short": "sent a packet that is too short",
    "silent": "sent nothing",
    "forged": "was preceded by a forged answer a year ahead",
    "forged-source": "was preceded by a forged answer a year ahead, from another port",
}


def explain_packet(entry: Entry) -> Explanation:
    """What a log entry without a service means."""
    fault = fault_in(entry.note)
    if entry.method == "NTP":
        return _ntp(entry)
    if entry.method == "TLS":
        # The note has the remedy, see handshake.py.
        fields = (Field("listener", entry.listener, "Where the device called."),)
        return Explanation(f"The TLS handshake failed: {entry.note or 'why cannot be told'}.", fields)
    if fault:
        return Explanation(
            f"A fault that was set here met this request ({fault_title(entry.note)}): the device should try again."
        )
    if entry.method == "-":
        return Explanation("This is not HTTP: check that `url` has the right scheme (http or https) and port.")
    if entry.status == 0:
        return Explanation(
            f"No answer was sent ({entry.note or 'the reason is unknown'}): the device should try again."
        )
    if entry.note == "answered by the framework":
        return Explanation(f"The web server refused this itself ({entry.status}): correct the request's head.")
    if entry.path == "/" and entry.status == 200:
        return Explanation("The client fetched the front page, which clients ask for its Date header: nothing to do.")
    return Explanation(
        f"No service is at this path (answer {entry.status}): take the service's address from the console for `url`."
    )


def _ntp(entry: Entry) -> Explanation:
    fields = (Field("client", entry.path, "The address that asked for the time."),)
    if entry.note.startswith("ignored"):
        return Explanation("This packet is no NTP client's query, and it was ignored: nothing to do.", fields)
    fault = fault_in(entry.note)
    if fault in _NTP:
        done = f"A fault that was set here ({fault}): the server {_NTP[fault]}"
        return Explanation(f"{done}, so a careful device does not set its clock by that.", fields)
    return Explanation("The device asked for the time and was answered: nothing to do.", fields)
