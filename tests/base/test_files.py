"""Files are written whole, through links, with the mode that they had, and never into a device."""

import errno
import os
import stat

import pytest

from bandg.base.errors import BandgError
from bandg.base.files import check_writable, write_whole


def test_a_file_keeps_its_mode_and_its_link(tmp_path):
    target, link = tmp_path / "a.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    assert write_whole(link, "new") == target
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_full_disk_leaves_the_old_file_alone(tmp_path, monkeypatch):
    target = tmp_path / "a.csv"
    target.write_text("old")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BandgError, match=r"cannot write .*a\.csv: No space left on device"):
        write_whole(target, "new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("through_link", [False, True])
@pytest.mark.parametrize("what", ["device", "pipe", "folder"])
def test_what_is_no_regular_file_is_refused(tmp_path, what, through_link):
    target = tmp_path / "a.csv"
    if what == "pipe":
        os.mkfifo(target)
    elif what == "folder":
        target.mkdir()
    else:
        target.symlink_to("/dev/null")
    if through_link:
        link = tmp_path / "link.csv"
        link.symlink_to(target)
        target = link
    for write in (lambda: check_writable(target, (".csv",)), lambda: write_whole(target, "x")):
        with pytest.raises(BandgError, match=r"it is a folder" if what == "folder" else r"it is not a regular file"):
            write()
