"""Two programs, or two threads of one, at the same files."""

import json
import threading

import pytest
from enroll_tools.provision import files
from enroll_tools.provision.tests.helpers import until


def test_two_fleets_on_one_result_file(installed, desk, sandbox):
    """The second one read the file while the first one was in the middle, and wrote it back without those rows."""
    desk.write("etherfax")
    for name in ("one.csv", "two.csv"):
        (desk.folder / name).write_text(f"serial\n{desk.serial()}\n")
    board, other = installed(), installed()
    sandbox.fault("etherfax", times=1, delay=2)
    process = desk.start("fleet", "one.csv", board=board)
    until(lambda: not sandbox.faults())
    sentence = desk.failed(75, "fleet", "two.csv", board=other)
    assert "another provision uses results.csv: wait until it ends, or name another file" in sentence
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, (out, err)
    assert desk.run("fleet", "two.csv", board=other).status == 0
    assert (desk.folder / "results.csv").read_text().count(",registered,") == 2, "no row was lost"


def test_a_file_that_several_replace_is_whole_at_each_moment(tmp_path):
    """They shared one name for what they wrote: one moved away what the other had half written."""
    path, troubles = tmp_path / "results.json", []

    def write(number):
        try:
            for _ in range(40):
                files.replace(path, json.dumps([number] * 2000).encode())
                assert len(set(json.loads(path.read_text()))) == 1
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fleet", "--result", "devices.csv"), "devices.csv is the table and the result at once"),
        (("station", "--log", "devices.csv"), "devices.csv is the table and the log at once"),
        (("station", "--log", "link"), "link is the template and the log at once"),
        (("station", "--log", "results.csv"), "results.csv is the result and the log at once"),
        (("station", "--log", "/dev/null"), "/dev/null is not a file: name another --log"),
    ],
)
def test_a_file_is_not_two_things_at_once(desk, words, sentence):
    """`station --log devices.csv` wrote its events into the table, and --log results.csv lost them."""
    desk.write("etherfax")
    (desk.folder / "link").symlink_to("enroll.json")
    serials = desk.table(1)
    assert sentence in desk.failed(2, *words, "devices.csv", "--port", "/dev/ttyNONE")
    assert (desk.folder / "devices.csv").read_text().split() == ["serial", *serials]
    assert not list(desk.folder.glob(".*.lock"))
