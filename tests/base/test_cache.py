"""The cache believes only an entry that is whole and its own, removes only what is its own, and loses no result."""

import errno
import json
import os
import stat
import time
from dataclasses import dataclass

import pytest

from bandg.base import cache
from bandg.base.errors import BandgError

KEYS = ("0" * 64, "1" * 64)


@dataclass(frozen=True)
class Result:
    number: float


def read(payload):
    return Result(**payload)


@pytest.fixture
def stored(fresh_cache):
    for number, key in enumerate(KEYS):
        cache.store(key, Result(number + 0.1))
    return [fresh_cache / f"{key}.json" for key in KEYS]


@pytest.fixture(autouse=True)
def made(fresh_cache):
    cache.check()
    assert list(fresh_cache.iterdir()) == []


def test_exchanged_entries_are_not_believed(stored):
    first, second = stored
    first.rename(first.with_name("aside"))
    second.rename(first)
    first.with_name("aside").rename(second)
    assert [cache.load(key, read) for key in KEYS] == [None, None]


def test_an_entry_that_is_renamed_and_given_the_other_key_is_not_believed(stored):
    content = json.loads(stored[0].read_text())
    stored[1].write_text(json.dumps(content | {"key": KEYS[1]}))
    assert cache.load(KEYS[1], read) is None


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "null",
        "3",
        '"text"',
        "[1, 2]",
        "1" * 5000,
        '{"key": "' + KEYS[0] + '", "checksum": null, "payload": null}',
        '{"key": "' + KEYS[0] + '", "checksum": [], "payload": 1e999}',
        '{"key": "' + KEYS[0] + '"}',
        "\xff\xfe",
    ],
)
def test_an_entry_of_anything_is_a_miss_and_is_stored_again(stored, content):
    stored[0].write_text(content, encoding="latin-1")
    assert cache.load(KEYS[0], read) is None
    cache.store(KEYS[0], Result(5.0))
    assert cache.load(KEYS[0], read) == Result(5.0)
    assert cache.load(KEYS[1], read) == Result(1.1)


@pytest.mark.parametrize("payload", [None, [], {}, {"other": 1}, 3])
def test_a_whole_entry_of_another_form_is_a_miss(stored, payload):
    content = {"key": KEYS[0], "checksum": cache._checksum(KEYS[0], payload), "payload": payload}
    stored[0].write_text(json.dumps(content))
    assert cache.load(KEYS[0], read) is None


def test_a_pipe_and_a_folder_under_the_name_of_an_entry_are_a_miss(fresh_cache):
    os.mkfifo(fresh_cache / f"{KEYS[0]}.json")
    (fresh_cache / f"{KEYS[1]}.json").mkdir()
    assert [cache.load(key, read) for key in KEYS] == [None, None]
    assert cache.clear() == 0


def test_what_cannot_be_read_is_a_miss_and_stays(stored, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert cache.load(KEYS[0], read) is None
    monkeypatch.undo()
    assert stored[0].exists()


def test_an_entry_has_the_mode_of_the_umask(fresh_cache):
    before = os.umask(0o022)
    try:
        cache.store(KEYS[0], Result(1.0))
    finally:
        os.umask(before)
    assert stat.S_IMODE((fresh_cache / f"{KEYS[0]}.json").stat().st_mode) == 0o644


def test_a_full_disk_warns_and_leaves_nothing(fresh_cache, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match=r"results were not kept.*No space left"):
        cache.store(KEYS[0], Result(1.0))
    assert list(fresh_cache.iterdir()) == []


def test_clear_removes_only_what_the_cache_has_made(stored, fresh_cache):
    foreign = [fresh_cache / name for name in ("mine.json", "mine.part", "a" * 63 + ".json", ".bandg-1.part", "x.csv")]
    for path in foreign:
        path.write_text("mine")
    left_over = fresh_cache / ".bandg-0123456789abcdef.part"
    left_over.write_text("half")
    assert cache.info()[1] == 2
    assert cache.clear() == 2
    assert sorted(fresh_cache.iterdir()) == sorted(foreign)


def test_the_check_removes_temporary_files_of_yesterday_alone(fresh_cache):
    old, new = (fresh_cache / f".bandg-{digit * 16}.part" for digit in "ab")
    for path in (old, new):
        path.write_text("half")
    yesterday = time.time() - 90_000
    os.utime(old, (yesterday, yesterday))
    cache.check()
    assert list(fresh_cache.iterdir()) == [new]


def test_a_temporary_file_that_another_run_has_just_finished_is_no_error(fresh_cache, monkeypatch):
    monkeypatch.setattr(cache, "_own", lambda folder, name: [fresh_cache / "gone"])
    cache.check()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(monkeypatch):
    monkeypatch.setenv("BANDG_CACHE_DIR", "/proc/none")
    with pytest.raises(BandgError, match=r"cannot write the cache in /proc/none: .*`cache=False`"):
        cache.check()
