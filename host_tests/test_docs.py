"""What the pages of docs/ show works."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from on_micropython import MARK, PURE
from runtimes import available, micropython

ROOT = Path(__file__).resolve().parent.parent


def listings(page: str) -> list[str]:
    """The Python in a page of docs/."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("where", ["cpython", *available()])
def test_a_service_is_added_as_the_page_says(tmp_path: Path, where: str) -> None:
    provider, test = listings("add-a-service.md")
    shutil.copytree(ROOT / "lib", tmp_path / "lib")
    (tmp_path / "lib/enroll/providers/acme.py").write_text(provider)
    shutil.copytree(PURE, tmp_path / "pure")
    (tmp_path / "pure/test_acme.py").write_text(test)
    names = re.findall(r"^def (test_\w+)", test, re.MULTILINE)
    folders = f"{tmp_path}/lib:{ROOT}/host_tests"
    if where == "cpython":
        start = "import cpython, runpy, sys; cpython.install(); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])"
        command = [sys.executable, "-c", start]
    else:
        command = [str(micropython(where))]
    command += [str(tmp_path / "pure/run.py"), str(tmp_path / "pure/test_acme.py"), *names]
    environment = {"PYTHONPATH": folders, "MICROPYPATH": f"{folders}:.frozen", "TEST_FOLDER": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    results = dict(json.loads(line[len(MARK) :]) for line in done.stdout.splitlines() if line.startswith(MARK))
    assert results == dict.fromkeys(names, ""), done.stdout + done.stderr


def test_every_test_that_a_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "faults.md").read_text()))
    sources = "".join(path.read_text() for path in (ROOT / "host_tests").rglob("test_*.py"))
    assert named and not {name for name in named if f"def {name}(" not in sources}
