"""What all tests share."""

from __future__ import annotations

import os
import socket
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings

from toolgrove.data.strict import refusals
from toolgrove.tools.offer import Offer

# Tests start processes, and workers read each other's modules: none of them compiles it all anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Workers share the cores, and threads of BLAS wait for each other by spinning: with one each, what
# trains and ranks takes a third of the processor time. It is read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No test depends on the clock, and every run of the suite tries the same few examples. What chance
# finds belongs to `make fuzz`, whose finds become cases of their own.
settings.register_profile("toolgrove", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("fuzz", deadline=None, max_examples=1000, database=None)
settings.load_profile("toolgrove")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real ToolBench files; tests that read it skip where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("TOOLGROVE_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip(f"no {folder}: set TOOLGROVE_SHARED to a folder with data/toolbench in it")
    return folder


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test's own process connects to anything but this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host != "localhost" and not ip_address(host).is_loopback:
            raise ConnectionRefusedError(f"a test tried to connect to {address}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def _no_calibrations(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test's judge was calibrated on this machine before; no folder is made for most tests."""
    own = tmp_path_factory.getbasetemp() / f"calibrations-{uuid4().hex}"
    monkeypatch.setenv("TOOLGROVE_CALIBRATIONS", str(own))


@pytest.fixture(autouse=True)
def _what_is_offered_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test offers to a model, the strictest provider would take."""
    real = Offer.functions

    def functions(self: Offer) -> list[dict[str, Any]]:
        found = real(self)
        assert refusals(found) == []
        return found

    monkeypatch.setattr(Offer, "functions", functions)
