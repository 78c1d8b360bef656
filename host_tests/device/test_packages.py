"""What devices install registers them: mip's packages, of each provider alone, and a ROMFS image."""

import subprocess

import packages
import pytest
import web
from devices import ROOT
from runtimes import first, micropython

MIP = """
import sys
import mip
mip.install(sys.argv[1], target=sys.argv[2])
"""
ROM = """
import sys
import vfs
vfs.mount(vfs.VfsRom(memoryview(open(sys.argv[1], "rb").read())), "/rom")
sys.path.insert(0, "/rom")
import main
sys.exit(main.main([sys.argv[2], "--once"]))
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """URL of a server on loopback that has the packages."""
    folder = tmp_path_factory.mktemp("dist")
    with web.serving(folder) as url:
        packages.write_packages(folder, url)
        yield url


def boot(device, *path):
    """Boot the device with the library that lies in the first folder of `path`."""
    command = [str(micropython(device.runtime)), str(ROOT / "firmware/main.py"), str(device.path), "--once"]
    done = device.run(command, MICROPYPATH=":".join((*map(str, path), f"{ROOT}/boards/unix", ".frozen")))
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", ["py", "mpy"])
def test_the_devices_own_mip_installs_what_its_provider_needs(make, dist, tmp_path, runtime, service, kind):
    device = make(service, runtime)
    target = tmp_path / "lib"
    target.mkdir()
    script = tmp_path / "install.py"
    script.write_text(MIP)
    command = [str(micropython(runtime)), str(script), f"{dist}/{kind}/{service}.json", str(target)]
    device.run(command, MICROPYPATH=".frozen")
    others = set(packages.SERVICES) - {service}
    assert not [path for path in target.rglob("*.*py") if path.stem.split("_")[0] in others]
    status, said = boot(device, target)
    assert status == 0 and f"registered {service}" in said


def test_everything_can_be_installed_at_once(make, dist, tmp_path):
    device = make("etherfax", 64)
    script = tmp_path / "install.py"
    script.write_text(MIP)
    device.run(
        [str(micropython(first())), str(script), f"{dist}/py/package.json", str(tmp_path)], MICROPYPATH=".frozen"
    )
    assert sorted((tmp_path / "enroll").rglob("*.py")) == sorted(
        tmp_path / "enroll" / name for name in packages.modules()
    )


def test_every_package_has_what_all_devices_need():
    for provider in (None, *packages.SERVICES):
        names = {path.as_posix() for path in packages.modules(provider)}
        assert {"__init__.py", "enroller.py", "session.py", "services/__init__.py"} <= names
        assert provider is None or f"providers/{provider}.py" in names


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
