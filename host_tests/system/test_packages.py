"""What devices install registers them: mip's packages, of each provider alone, and a ROMFS image."""

import subprocess

import packages
import pytest
import web
from devices import FIRST, ROOT
from proof import MIP, ROM
from runtimes import Unavailable, first, micropython


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """URL of a server on loopback that has the packages."""
    folder = tmp_path_factory.mktemp("dist")
    packages.write_packages(folder)
    with web.serving(folder) as url:
        yield url


def boot(device, *path):
    """Boot the device with the library in the first folder of `path`."""
    command = [str(micropython(device.runtime)), str(ROOT / "firmware/main.py"), str(device.path), "--once"]
    done = device.run(command, MICROPYPATH=":".join((*map(str, path), f"{ROOT}/boards/unix", ".frozen")))
    return done.returncode, done.stdout


def install(runtime, *words):
    """Let the mip of `runtime` itself install, in a process without this project's library."""
    command = [str(micropython(runtime)), "-c", MIP, *map(str, words)]
    return subprocess.run(
        command, env={"MICROPYPATH": ".frozen"}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("kind", ["py", "mpy"])
def test_the_devices_own_mip_installs_what_its_provider_needs(make, dist, tmp_path, runtime, service, kind):
    device = make(service, runtime)
    done = install(runtime, f"enroll-{service}", dist, tmp_path, kind)
    assert "Done" in done.stdout, done
    others = set(FIRST) - {service}
    assert not [path for path in (tmp_path / "enroll").rglob("*.*py") if path.stem.split("_")[0] in others]
    status, said = boot(device, tmp_path)
    assert status == 0 and f"registered {service}" in said


@pytest.mark.parametrize("name", ["oldest", "newest"])
def test_the_oldest_and_the_newest_mip_take_the_folder_at_any_address(make, dist, tmp_path, name):
    """The oldest knows no address relative to the list's: "need more than 2 values to unpack"."""
    try:
        micropython(name)
    except Unavailable as error:
        pytest.skip(error.message)
    done = install(name, "enroll", f"{dist}/", tmp_path, "mpy")
    assert "Done" in done.stdout, done
    found = {path.relative_to(tmp_path / "enroll").with_suffix(".py") for path in (tmp_path / "enroll").rglob("*.mpy")}
    assert found == set(packages.modules())
    again = install(name, "enroll", dist, tmp_path, "mpy")
    assert "Copying" not in again.stdout and again.stdout.count("Exists") == len(found), again
    status, said = boot(make("etherfax", name), tmp_path)
    assert status == 0 and "registered etherfax" in said


@pytest.mark.parametrize("name", ["oldest", "chip", "newest"])
def test_a_list_by_its_address_is_for_newer_mips_as_the_page_says(dist, tmp_path, name):
    """Otherwise the ValueError of an older one would not say what to do."""
    try:
        micropython(name)
    except Unavailable as error:
        pytest.skip(error.message)
    done = install(name, f"{dist}/mpy/xyte.json", dist, tmp_path, "mpy")
    said = "Done" if name == "newest" else "need more than 2 values to unpack"
    assert said in done.stdout + done.stderr and said in f"Done {(ROOT / 'docs/integrate.md').read_text()}", done


def test_everything_can_be_installed_at_once(dist, tmp_path):
    assert "Done" in install(first(), "enroll", dist, tmp_path, "py").stdout
    for name in packages.modules():
        assert (tmp_path / "enroll" / name).read_bytes() == (packages.LIBRARY / name).read_bytes()


def test_every_package_has_what_all_devices_need():
    for provider in (None, *FIRST):
        names = {path.as_posix() for path in packages.modules(provider)}
        assert {"__init__.py", "enroller.py", "session.py", "calls.py"} <= names
        assert provider is None or f"providers/{provider}/__init__.py" in names


def test_a_romfs_image_registers_from_its_bytecode_in_place(make, tmp_path, runtime, service):
    device = make(service, runtime)
    image = tmp_path / "enroll.romfs"
    extra = (ROOT / "firmware/main.py", ROOT / "boards/unix/port.py")
    packages.write_romfs(image, service, extra)
    script = tmp_path / "rom.py"
    script.write_text(ROM)
    command = [str(micropython(runtime)), str(script), str(image), str(device.path)]
    done = device.run(command, MICROPYPATH=".frozen")
    assert done.returncode == 0 and f"registered {service}" in done.stdout


def test_a_module_that_does_not_compile_is_said(tmp_path):
    (tmp_path / "bad.py").write_text("def (")
    with pytest.raises((packages.click.ClickException, subprocess.SubprocessError)):
        packages.compiled(tmp_path / "bad.py", tmp_path / "bad.mpy")


def test_an_image_that_cannot_be_written_is_one_sentence(tmp_path):
    """It was a traceback, and the folder of the modules stayed."""
    (tmp_path / "enroll.romfs").mkdir()
    with pytest.raises(packages.click.ClickException, match=r"cannot be made, .*: make room, or name another file"):
        packages.write_romfs(tmp_path / "enroll.romfs", "etherfax")
    assert [it.name for it in tmp_path.iterdir()] == ["enroll.romfs"]
