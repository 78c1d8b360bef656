"""What the library's relative imports mean: an `__import__` of one's own is not told who imports."""

from __future__ import annotations

import ast

from packages import LIBRARY


def relative(modules: set[str]) -> dict[str, str]:
    """{dots and name: whole name} of the relative imports in `modules`, paths below LIBRARY.

    Raises ValueError if one means two things.
    """
    found: dict[str, str] = {}
    for name in sorted(modules):
        package = ("enroll", *name.split("/")[:-1])
        for node in ast.walk(ast.parse((LIBRARY / name).read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                short = "." * node.level + (node.module or "")
                parts = (*package[: len(package) - node.level + 1], *filter(None, [node.module]))
                if found.setdefault(short, ".".join(parts)) != ".".join(parts):
                    raise ValueError(f"{short} means {found[short]} and {'.'.join(parts)}")
    return found
