"""What a boot of the firmware must say when it fails."""

import subprocess


def status(boot: subprocess.CompletedProcess[str], kind: str) -> int:
    """The exit status, after checking that the last line is one line of that kind with something to do about it."""
    last = boot.stdout.splitlines()[-1]
    assert boot.stdout == last + "\n", boot
    assert last.startswith(f"enroll: {kind}: ") and len(last) > len(kind) + 20, last
    assert "Traceback" not in boot.stderr
    return boot.returncode
