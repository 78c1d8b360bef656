"""Two programs, or two threads of one, at the same files."""

import json
import threading

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
