"""The disk of this machine, with littlefs, in memory that outlasts resets, until QEMU ends."""

import psram
import vfs


def mount():
    """Mount it at /."""
    vfs.mount(vfs.VfsLfs2(psram, readsize=128, progsize=128, lookahead=1024, mtime=False), "/")


def format():
    """Empty it and mount it again."""
    vfs.umount("/")
    vfs.VfsLfs2.mkfs(psram)
    mount()


def boot():
    """Mount it, formatted if it never was."""
    try:
        mount()
    except OSError:
        vfs.VfsLfs2.mkfs(psram)
        mount()
