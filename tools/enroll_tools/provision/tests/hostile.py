"""A board that is not to be trusted: it speaks the raw REPL on a pty, holds files, and lies where it is told to.

It runs nothing that it is sent: it knows the programs of provision by their text, and answers each as a board would.
"""

from __future__ import annotations

import ast
import binascii
import contextlib
import hashlib
import json
import os
import re
import select
import threading
import tty
from collections.abc import Callable
from typing import Any

from enroll_tools.provision import boot, registration, snippets

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
READY = b"R\x01\x80\x00\x01"
PIECE = 96
KNOWN = {**vars(boot), **vars(snippets), **vars(registration)}
NAMES = {it.code: name for name, it in KNOWN.items() if isinstance(it, snippets.Program)}
_CALL = re.compile(r"\n_call\('(\w+)', main, (\[.*\])\)$", re.DOTALL)

Lie = Callable[["Hostile", Any], Any]  # takes the true result; returns another one, or the bytes to say in its place


class Hostile:
    """A board of which `lies` {name of a program: Lie} says where it lies. `device_id`: what it registers as."""

    def __init__(self, provider: str, lies: dict[str, Lie] | None = None) -> None:
        self.provider = provider
        self.lies = lies or {}
        self.files: dict[str, bytes] = {}
        self.device_id = "9"
        self.deaf = False  # it does not take what is sent
        self.registered = False
        self.mark = b""  # of the latest question
        self._code = ""  # of the latest program, which is not sent again where it is asked twice
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Take its port away."""
        self._end.set()
        self._thread.join(10)

    def say(self, data: bytes) -> None:
        """Send bytes, as long as somebody reads them."""
        while data and not self._end.is_set():
            if select.select([], [self._master], [], 0.2)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self._master, data) :]

    def pieces(self, answer: bytes) -> bytes:
        """`answer` as provision wants it."""
        places = range(0, len(answer), PIECE)
        return b"".join(self.piece(at, len(answer), answer[at : at + PIECE]) for at in places)

    def piece(self, at: int, size: int, data: bytes) -> bytes:
        """One piece of an answer."""
        line = b"%s:%d:%d:%s" % (self.mark, at, size, binascii.b2a_base64(data, newline=False))
        return b"~%s:%08x~\r\n" % (line, binascii.crc32(line))

    def forever(self, data: bytes = b"", pause: float = 0.0) -> bytes:
        """Say the same again and again."""
        while not self._end.wait(pause):
            self.say(data)
        return b""

    def _run(self) -> None:
        line = b""
        while not self._end.is_set():
            for byte in self._hear():
                if byte == 1 and line.endswith(b"\x05A"):
                    line = b""
                    self._execute()
                elif byte == 1:
                    self.say(BANNER)
                elif byte == 4:
                    self.say(b"OK\r\nMPY: soft reboot\r\n" + BANNER)
                else:
                    line = line[-8:] + bytes([byte])
        os.close(self._master)
        os.close(self._slave)

    def _hear(self, most: int = 1) -> bytes:
        """At most `most` bytes of what was sent, b"" after a short time."""
        if self.deaf or not select.select([self._master], [], [], 0.05)[0]:
            self._end.wait(0.05)
            return b""
        return os.read(self._master, most)

    def _execute(self) -> None:
        self.say(READY)
        code = bytearray()
        while not code.endswith(b"\x04") and not self._end.is_set():
            # to the end of a window at most; nothing comes after byte 4 until this has answered
            got = self._hear(128 - len(code) % 128)
            code += got
            if len(code) % 128 == 0 and got:
                self.say(b"\x01")
        self.say(b"\x04")
        self.say(self._reply(code[:-1].decode()) + b"\x04\x04>")

    def _reply(self, code: str) -> bytes:
        found = _CALL.search(code)
        if not found:
            return b""
        self._code = code[: found.start()] or self._code
        name = NAMES.get(self._code, "")
        self.mark = found[1].encode()
        result = getattr(self, f"_{name.lower()}", lambda *_: None)(*ast.literal_eval(found[2]))
        if name in self.lies:
            result = self.lies[name](self, result)
        return result if isinstance(result, bytes) else self.pieces(json.dumps([result, None]).encode())

    # What it says while it is honest, by the program that asks.

    def _facts(self) -> Any:
        return [[1, 28, 0], "linux", "standard", 6, True]

    def _fresh(self) -> Any:
        return True

    def _quiet(self, _sure: bool) -> Any:
        return ""

    def _hashes(self, folder: str, names: list[str]) -> Any:
        paths = [it for it in self.files if it in names or it.startswith(folder + "/")]
        return [[it, hashlib.sha256(self.files[it]).hexdigest()] for it in paths]

    def _write(self, path: str, at: int, text: str, _last: bool) -> Any:
        self.files[path] = self.files.get(path, b"")[:at] + binascii.a2b_base64(text)
        return len(self.files[path])

    def _remove(self, paths: list[str]) -> Any:
        for path in paths:
            self.files.pop(path, None)

    def _manifest(self, path: str) -> Any:
        return self.files.get(path, b"").decode()

    def _sizes(self, paths: list[str]) -> Any:
        return [len(self.files[path]) for path in paths]

    def _keep(self, paths: list[str]) -> Any:
        for path in paths:
            self.files[path + ".before"] = self.files.pop(path)
        return [path + ".before" for path in paths]

    def _boot(self) -> Any:
        self.registered = True
        return [0, "registered", self.provider, self.device_id, 0]

    def _config(self) -> Any:
        return json.loads(self.files["/enroll.json"])

    def _registration(self, _source: str) -> Any:
        if not self.registered:
            return ["0123456789abcdef", []]
        config = self._config()
        serial = config[self.provider].get("serial", "")
        who = f"{config['url']}\n{self.provider}\n{serial}"
        return ["0123456789abcdef", [[4, who, self.device_id, 1790000000]]]

    def _registered(self) -> Any:
        config = self._config()
        return ["", [self.provider, config["url"], self.device_id if self.registered else None]]

    def _forget(self) -> Any:
        self.registered = False
        return ["", True]
