"""The wheel of the host tools, and all else that a release has."""

import ast
import importlib.metadata
import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import docsite
import emptied
import packages
import pytest
import release
import wheel
from click.testing import CliRunner
from devices import ROOT
from enroll_tools.sandbox import Sandbox
from interrupted import pressed
from proof import Proof
from runtimes import first, micropython
from test_blocks import block

pytestmark = pytest.mark.timeout(240)  # a release is made in one of them

EVERY = """
import importlib, pkgutil, enroll_tools
for found in pkgutil.walk_packages(enroll_tools.__path__, "enroll_tools."):
    if found.name.rpartition(".")[2] not in ("__main__", "device") and ".files" not in found.name:
        print(importlib.import_module(found.name).__file__)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def programs(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel's programs, in an environment of their own."""
    return wheel.install(built, tmp_path_factory.mktemp("environment"))


def sources(folder: str, pattern: str = "*.*") -> set[str]:
    """The files of a folder of the repository."""
    found = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob(pattern)]
    return {path.as_posix() for path in found if not {"tests", "__pycache__"} & {*path.parts}}


def test_the_wheel_has_what_goes_onto_boards_and_the_tools(built: Path) -> None:
    names = zipfile.ZipFile(built).namelist()
    expected = {
        f"{target}/{name}"
        for folder, target in {
            "lib/enroll": "files/lib/enroll",
            "firmware": "files/firmware",
            "boards": "files/boards",
        }.items()
        for name in sources(folder)
    }
    ours = {name.removeprefix("enroll_tools/") for name in names if name.startswith("enroll_tools/")}
    assert ours == expected | sources("tools/enroll_tools") | {"files/package.json"}
    assert {name.partition("/")[0] for name in names if not name.startswith("enroll_tools/")} == {
        f"enroll_tools-{packages.version()}.dist-info"
    }


def test_the_wheel_declares_what_its_modules_import() -> None:
    """Imports in `if TYPE_CHECKING:` do not count; imports inside functions do."""
    imported = set()
    for name in (f"tools/enroll_tools/{it}" for it in sources("tools/enroll_tools", "*.py")):
        if name.endswith("/device.py"):  # for MicroPython
            continue
        tree = ast.parse((ROOT / name).read_text())
        typing = {id(it) for node in ast.walk(tree) if is_type_checking(node) for it in ast.walk(node)}
        for node in ast.walk(tree):
            if id(node) in typing:
                continue
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").partition(".")[0])
    homes = importlib.metadata.packages_distributions()
    needed = {
        homes[name][0].lower().replace("_", "-") for name in imported - {"enroll_tools", *sys.stdlib_module_names}
    }
    text = (ROOT / "pyproject.toml").read_text()
    block = text.partition("\ndependencies = [\n")[2].partition("\n]")[0]
    declared = {line.strip().strip('",').partition(">")[0] for line in block.splitlines()}
    assert declared == needed - {"pytest"}  # whose plugin nothing else imports: it is in the extra `test`


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.long
def test_every_module_of_the_wheel_is_its_own(programs: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [programs / "python", "-c", EVERY], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 40
    assert all(line.startswith(str(programs.parent)) for line in done.stdout.splitlines())


def test_the_wheel_and_its_tool_have_the_version_of_the_library(built: Path, programs: Path) -> None:
    said = subprocess.run([programs / "enroll-provision", "--version"], capture_output=True, text=True, check=False)
    assert said.stdout == f"enroll {packages.version()}\n"
    assert built.name == f"enroll_tools-{packages.version()}-py3-none-any.whl"


@pytest.mark.parametrize("tool", ["enroll-provision", "enroll-sandbox"])
def test_ctrl_c_while_a_program_of_the_wheel_starts(programs: Path, tmp_path: Path, tool: str) -> None:
    done = pressed([str(programs / tool), "--help"], "click", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_wheel_tool_checks_a_configuration_with_the_library_inside(programs: Path, tmp_path: Path) -> None:
    example = json.loads((ROOT / "firmware/examples/etherfax.json").read_text())
    (tmp_path / "ca.der").touch()
    (tmp_path / "enroll.json").write_text(json.dumps(example | {"timeout": "long"}))
    command = [programs / "enroll-provision", "one", "enroll.json", "--port", "/nowhere"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 78 and "`timeout`" in done.stderr, done


@pytest.mark.long  # test_plugin.py runs the same tests without the wheel
def test_tests_of_another_project(programs: Path, tmp_path: Path) -> None:
    """The plugin registers by its entry point; the device has firmware and library from the wheel."""
    (tmp_path / "test_product.py").write_text(block("docs/sandbox.md", "def test_"))
    shutil.copy(ROOT / "firmware/examples/etherfax.json", tmp_path / "enroll.json")
    options = ["-p", "no:cacheprovider", "-W", "error", "--enroll-micropython", str(micropython(first()))]
    done = subprocess.run(
        [programs / "python", "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A release, and what its making has said."""
    out = tmp_path_factory.mktemp("release")
    done = CliRunner().invoke(release.main, ["--out", str(out)], terminal_width=80)
    assert done.exit_code == 0, done.output
    return out, done.output


@pytest.mark.long
def test_a_release_installs_each_of_its_parts(made: tuple[Path, str]) -> None:
    out, said = made
    table = said.partition("and then")[2]
    kinds = [f"{kind}/{name}.json" for kind in ("py", "mpy") for name in ("package", *release.SERVICES)]
    images = [f"enroll{name}-{packages.version()}.romfs" for name in ("", *(f"-{it}" for it in release.SERVICES))]
    for part in [*kinds, *images, next(out.glob("*.whl")).name]:
        [row] = [line for line in table.splitlines() if part in line.split()]
        service = next((name for name in release.SERVICES if name in part), "etherfax")
        assert row.rstrip().endswith(f"registered {service}")
        assert len(row.rstrip()) <= 80


@pytest.mark.long
def test_a_release_is_summed_up(made: tuple[Path, str]) -> None:
    out, _ = made
    check = ["sha256sum", "--check", "--strict", "--quiet", release.SUMS]
    assert subprocess.run(check, cwd=out, check=False).returncode == 0
    named = {line.partition("  ")[2] for line in (out / release.SUMS).read_text().splitlines()}
    assert named == {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} - {release.SUMS}
    newest = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1].splitlines()
    assert (out / release.NOTES).read_text().splitlines()[2:5] == newest[2:5]


def spoiled_wheel(out: Path, folder: Path) -> Path:
    """The wheel without one of its modules."""
    [path] = out.glob("*.whl")
    copy = folder / path.name
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            if not name.endswith("sandbox/errors.py"):
                target.writestr(name, source.read(name))
    return copy


def spoiled_image(out: Path, folder: Path) -> Path:
    """An image that is cut in the middle."""
    path = out / f"enroll-xyte-{packages.version()}.romfs"
    copy = folder / path.name
    copy.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return copy


@pytest.fixture
def proof(tmp_path: Path) -> Iterator[Proof]:
    with Sandbox(tmp_path / "sandbox") as sandbox:
        yield Proof(tmp_path / "proof", sandbox, first())


@pytest.mark.long
def test_a_part_that_is_spoiled_is_found(made: tuple[Path, str], proof: Proof, tmp_path: Path) -> None:
    out, _ = made
    with pytest.raises(click.ClickException, match="enroll-sandbox --help ended"):
        proof.wheel(spoiled_wheel(out, tmp_path))
    with pytest.raises(click.ClickException, match="romfs does not register"):
        proof.romfs(spoiled_image(out, tmp_path), "xyte")
    shutil.copytree(out, tmp_path / "out")
    (tmp_path / "out/package/py/enroll-xyte/latest.json").unlink()
    with release.web.serving(tmp_path / "out") as index, pytest.raises(click.ClickException, match="mip does not"):
        proof.mip(index, "py", "xyte")


def test_a_release_whose_proof_fails_has_no_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> str:
        raise click.ClickException("a part does not register")

    monkeypatch.setattr(release, "build", lambda *_: [release.Part("a part", 1, "by mip", fails)])
    done = CliRunner().invoke(release.main, ["--out", str(tmp_path)])
    assert done.exit_code == 1 and done.output.endswith("Error: a part does not register\n")
    assert (tmp_path / release.NOTES).exists() and not (tmp_path / release.SUMS).exists()


def failed(out: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> str:
    """What a release into `out` says that fails before anything is made."""
    monkeypatch.setattr(packages, "write_packages", lambda _: pytest.fail("it was begun"))
    done = CliRunner().invoke(release.main, ["--out", str(out)])
    assert done.exit_code == 1, done.output
    return done.output


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").touch()
    assert "holds other files than a release: name another folder" in failed(tmp_path, monkeypatch)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("program", [[packages.main, "dist", "--out"], [docsite.main]])
def test_packages_and_the_site_leave_a_folder_with_other_files_alone(program: list[Any], tmp_path: Path) -> None:
    """Both deleted whatever the folder held that they were given: `--out ~` the home of the person."""
    (tmp_path / "thesis.txt").touch()
    main, *words = program
    done = CliRunner().invoke(main, [*words, str(tmp_path)])
    assert done.exit_code == 1 and "holds other files than" in done.output, done.output
    assert (tmp_path / "thesis.txt").exists()


def test_packages_on_a_full_disk_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packages, "write_packages", full)
    done = CliRunner().invoke(packages.main, ["dist", "--out", str(tmp_path / "dist")])
    assert done.exit_code == 1 and "dist cannot be written, No space left on device: make room" in done.output


def test_the_usual_folder_is_made_again_after_an_interruption(tmp_path: Path) -> None:
    """Half of a release in dist/ has no mark yet: the next `make release` said to name another folder."""
    (tmp_path / "py" / "enroll").mkdir(parents=True)
    emptied.empty(tmp_path, tmp_path, packages.MARK, "a release")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["0.1.0.5", "0.2.0", "0.1.01"])
def test_a_version_that_the_changelog_does_not_have_is_refused(title: str) -> None:
    with pytest.raises(click.ClickException, match=r"package\.json says 0\.1\.0: write there"):
        release.notes(f"# Changelog\n\n## {title}\n\n- x\n\n## 0.1.0\n\n- y\n", "0.1.0")
    assert release.notes("# Changelog\n\n## 0.1.0, now\n\n- x\n\n## 0.0.9\n\n- y\n", "0.1.0") == (
        "# enroll 0.1.0, now\n\n- x\n"
    )
