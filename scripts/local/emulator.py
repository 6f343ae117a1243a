"""Start, find and stop the emulator's process.

The process holds a file lock while it lives. A held lock therefore means that it runs and that the
recorded pid is its own, so no other process is ever signalled.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from scripts.local.errors import LocalStackError
from scripts.local.files import LocalFiles, try_lock
from scripts.local.isolation import emulator_environment
from scripts.local.options import Options

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator, and the options that it was started with."""

    pid: int
    port: int
    bind_host: str
    is_auth_enforced: bool

    def suits(self, options: Options) -> bool:
        """Return whether `options` ask for exactly this emulator."""
        wanted = (options.port, options.bind_host, options.is_auth_enforced)
        return (self.port, self.bind_host, self.is_auth_enforced) == wanted


def running(files: LocalFiles) -> Emulator | None:
    """Return the emulator of these files, if it runs."""
    lock = try_lock(files.emulator_lock)
    if lock is not None:
        os.close(lock)
        return None
    if not files.emulator_record.is_file():
        raise LocalStackError(f"Another command is starting the emulator of {files.folder}.")
    return Emulator(**json.loads(files.emulator_record.read_text()))


def start(options: Options, files: LocalFiles, environ: Mapping[str, str]) -> Emulator:
    """Start the emulator and wait until it responds; stop it again if it does not."""
    require_free_port(options)
    files.create()
    lock = try_lock(files.emulator_lock)
    if lock is None:
        raise LocalStackError(f"Another command is starting the emulator of {files.folder}.")
    try:
        process = _spawn(options, files, environ, lock)
    finally:
        os.close(lock)
    emulator = Emulator(process.pid, options.port, options.bind_host, options.is_auth_enforced)
    files.emulator_record.write_text(json.dumps(asdict(emulator)))
    try:
        _wait_until_ready(options, process, files.log("emulator"))
    except BaseException:
        stop(files)
        raise
    return emulator


def stop(files: LocalFiles) -> bool:
    """Stop the emulator and its function processes; return False if there was none."""
    emulator = running(files)
    if emulator is None:
        return False
    _signal_group(emulator.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and running(files):
        time.sleep(0.05)
    _signal_group(emulator.pid, signal.SIGKILL)
    shutil.rmtree(files.scratch, ignore_errors=True)
    for path in (files.emulator_record, files.deployed_stamp, files.stack_env):
        path.unlink(missing_ok=True)
    return True


def require_free_port(options: Options) -> None:
    """Raise an error if another process has the port, before anything is built."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.bind_host, options.port))
        except OSError as error:
            raise LocalStackError(
                f"Port {options.port} on {options.bind_host} cannot be used"
                f" ({error.strerror}): choose another one with EMULATOR_PORT."
            ) from None


def _spawn(
    options: Options, files: LocalFiles, environ: Mapping[str, str], lock: int
) -> subprocess.Popen[bytes]:
    programs = Path(sys.executable).parent
    environment = emulator_environment(environ, options.endpoint_url, programs) | {
        "AUTH": str(options.is_auth_enforced).lower(),
        "BIND_HOST": options.bind_host,
        "GATEWAY_PORT": str(options.port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(files.scratch),
    }
    with files.log("emulator").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=files.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
        )


def _wait_until_ready(options: Options, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(f"{options.endpoint_url}/_ministack/health").is_success:
                    return
            time.sleep(0.05)
    raise LocalStackError("The AWS emulator did not start.", log)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
