"""A port is the path of a serial port: a URL of pyserial may write files of the host, or send secrets elsewhere."""

import gc
import warnings

import pytest
from enroll_tools.provision.failures import not_opened


@pytest.mark.parametrize(
    "url", ["spy://{port}?file={file}", "SPY://{port}?file={file}", "socket://127.0.0.1:9", "loop://"]
)
@pytest.mark.parametrize("command", [["one", "enroll.json"], ["status"], ["reset", "--yes"], ["logs"], ["upgrade"]])
def test_a_url_is_refused_as_port(plug_nothing, desk, url, command):
    desk.write("etherfax")
    file = desk.folder / "written"
    done = desk.run(*command, "--port", url.format(port=plug_nothing, file=file))
    assert done.status == 2 and not file.exists()
    assert "is a URL, not the path of a serial port: use --port-url" in done.out + done.err


def test_a_url_in_a_table_is_refused(plug_nothing, desk):
    serial = desk.write("etherfax")["serial"]
    file = desk.folder / "written"
    (desk.folder / "devices.csv").write_text(f"port,serial\nspy://{plug_nothing}?file={file},{serial}\n")
    done = desk.run("fleet", "devices.csv")
    assert done.status == 2 and "is a URL" in done.out + done.err and not file.exists(), done


def test_port_url_accepts_a_url(plug, desk):
    file = desk.folder / "written"
    url = f"spy://{plug().port}?file={file}"
    assert "not installed by provision" in desk.failed(78, "status", "--port-url", url)
    assert file.stat().st_size > 1000
    with warnings.catch_warnings():  # pyserial never closes it
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_port_that_this_person_may_not_open(tmp_path, monkeypatch):
    port = tmp_path / "port"
    port.touch()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may open everything
    words = f"you lack the right to open {port}: join its group (often dialout), and log in again"
    assert not_opened(str(port)).message == words


@pytest.fixture
def plug_nothing(tmp_path):
    """The path of a serial port that nothing may open."""
    return tmp_path / "port"
