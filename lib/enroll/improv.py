"""Improv Wi-Fi over the serial port: a browser gives the device its network.

Follows "Improv via Serial", https://www.improv-wifi.com/serial/. A frame is

    "IMPROV" 1 | type u8 | length u8 | data | sum of all bytes before it, u8

Every command of the client contains the byte 3, its type, which is Ctrl-C: while this runs, Ctrl-C is a byte like
others, and interrupts where it follows a line break or silence outside of a frame. Another one before it is no sign: a
damaged head may end with a 3 and be followed by the type.
"""

import sys

from . import __version__

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_HEAD = const(b"IMPROV\x01")
_COMMAND = const(b"IMPROV\x01\x03")
_LENGTH = const(8)  # where a frame has its length
_REST = const(10)  # bytes of a frame besides its data
_TEXTS = const(250)  # bytes of all texts of a result
_MOST = const(300)  # bytes that are read at a time; the longest frame has 265
_SILENCE = const(50)  # ms for the rest of a frame

_STATE = const(1)  # types of frames
_ERROR = const(2)
_RESULT = const(4)

_WIFI = const(1)  # commands
_CURRENT = const(2)
_ABOUT = const(3)
_SCAN = const(4)
_HOSTNAME = const(5)
_NAME = const(6)

_NONE = const(0)  # errors
_BAD = const(1)
_UNKNOWN = const(2)
_UNABLE = const(3)
_BAD_HOSTNAME = const(5)
_OTHER = const(255)

_JOINING = const(3)  # states, as in onboarding.py
_JOINED = const(4)


class Improv:
    """Improv on the serial port that the board's port opens, a way of `it`, the Onboarding."""

    def __init__(self, it: "Any", come: bytes) -> None:
        """`come`: what has already come."""
        self._it = it
        self._come = come
        self._line = it.port.console()
        self.close = self._line.close

    def poll(self) -> None:
        frame = self._come
        wait = _SILENCE if frame else 0
        last = b"\n"  # the byte before
        for _ in range(_MOST):
            if frame[_LENGTH:] and len(frame) >= frame[_LENGTH] + _REST:  # longer: what was in one that was damaged
                self._it.heard = True
                error = self._whole(frame)
                if error is not None:
                    self._send(_ERROR, error)
                _, head, rest = frame[1:].partition(_HEAD)  # if a byte was lost, another frame has begun
                frame = head + rest
                break
            byte = self._line.read(wait)
            wait = _SILENCE
            if not byte:
                if frame[_LENGTH:]:
                    self._send(_ERROR, _BAD)
                frame = b""
                break
            frame += byte
            if not _COMMAND.startswith(frame[:_LENGTH]):
                if byte == b"\x03" and last in b"\r\n":
                    self._it.interrupted = True
                    break
                frame = byte if byte == b"I" else b""
            last = byte
        self._come = frame

    def _whole(self, frame: bytes) -> int | None:
        """Answer a frame. Returns the error to send, which may be _NONE; or None: that of before stays."""
        data = frame[_LENGTH + 1 : -1]
        try:
            if len(data) != frame[_LENGTH] or sum(frame[:-1]) & 255 != frame[-1] or len(data) != data[1] + 2:
                return _BAD
            return self._answer(data[0], data[2:])
        except (ValueError, IndexError):  # a text that is not UTF-8; data that is too short
            return _BAD
        except Exception:  # a scan that failed
            return _OTHER

    def _answer(self, command: int, data: bytes) -> int | None:
        it = self._it
        name = "%s %s" % (it.config.provider, it.port.identity().get("serial", ""))
        if command == _WIFI:
            size = data[0]
            wanted = str(data[1 : size + 1], "utf-8"), str(data[size + 2 :], "utf-8")
            if not 0 < size < 33 or data[size + 1] != len(data) - size - 2:
                return _BAD
            it.wanted = wanted
            self._send(_STATE, _JOINING)
        elif command == _CURRENT:
            self._send(_STATE, it.state)
            if it.state == _JOINED:
                self._result(command, *it.said)
        elif command == _ABOUT:
            chip = sys.implementation._machine.split(" with ")[-1]  # "Raspberry Pi Pico W with RP2040"
            self._result(command, "enroll", __version__, chip, name)
        elif command == _SCAN:
            for ssid, strength, secured in it.port.scan():
                self._result(command, ssid, str(strength), "YES" if secured else "NO")
            self._result(command)
            return None  # pages scan by themselves, and would show no more why the network could not be joined
        elif command == _HOSTNAME:
            host = it.port.hostname()
            if data not in (b"", host.encode()):
                return _BAD_HOSTNAME  # board.py has it
            self._result(command, host)
        elif command == _NAME:
            self._result(command, name)
        else:
            return _UNKNOWN
        return _NONE

    def failed(self, joined: bool) -> None:
        self._send(_ERROR, _OTHER if joined else _UNABLE)
        self._send(_STATE, self._it.state)

    def joined(self, *said: str) -> None:
        self._send(_STATE, _JOINED)
        self._result(_WIFI, *said)  # clients ignore it unless they asked

    def _result(self, command: int, *texts: str) -> None:
        data = b""
        for text in texts:
            raw = text.encode()[: max(_TEXTS - len(data), 0)]
            data += bytes((len(raw),)) + raw
        if len(data) == 8:
            data += b"\0"  # pages take the length of such a frame, 10, for a line break, and drop the frame
        self._send(_RESULT, command, data)

    def _send(self, kind: int, value: int, texts: bytes | None = None) -> None:
        """Send a frame whose data is a byte, or, for a result, the byte, the length of `texts`, and these."""
        data = bytes((value,) if texts is None else (value, len(texts))) + (texts or b"")
        frame = _HEAD + bytes((kind, len(data))) + data
        # the line breaks keep it apart from log lines: clients look for a frame at the start of a line
        self._line.write(b"\n" + frame + bytes((sum(frame) & 255, 10)))
