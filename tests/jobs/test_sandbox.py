"""What a program in a sandbox sees and may do, and what one without is told."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clary.jobs.process_runner import ProcessRunner
from clary.jobs.program import LaunchError, Network, Program
from clary.state.clock import SystemClock

needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A server's folder, with a secret in it and the folder of a program."""
    folder = tmp_path / "data"
    (folder / "jobs" / "ml").mkdir(parents=True)
    (folder / "secret").write_text("secret")
    return folder


@asynccontextmanager
async def running(hidden: Path, sandbox: bool | None = None) -> AsyncIterator[ProcessRunner]:
    runner = ProcessRunner(SystemClock(), hidden=[hidden], sandbox=sandbox)
    try:
        yield runner
    finally:
        await runner.close()


@pytest.fixture
async def runner(data: Path) -> AsyncIterator[ProcessRunner]:
    async with running(data, sandbox=True) as runner:
        yield runner


async def output(
    runner: ProcessRunner, data: Path, script: str, network: Network = Network.HOST, readable: tuple[Path, ...] = ()
) -> list[str]:
    argv = ["sh", "-c", script]
    process = await runner.start(Program("algo-1", data / "jobs" / "ml", argv, network=network, readable=readable))
    lines = [line.text async for line in process.output()]
    await process.wait()
    return lines


@needs_bwrap
async def test_sandbox_shows_the_folder_as_opt_ml(runner: ProcessRunner, data: Path) -> None:
    assert await output(runner, data, "pwd; echo x > /opt/ml/made; ls /opt/ml; hostname") == [
        "/opt/ml",
        "made",
        "algo-1",
    ]
    assert (data / "jobs" / "ml" / "made").exists()


@needs_bwrap
async def test_sandbox_hides_the_server_and_homes(runner: ProcessRunner, data: Path) -> None:
    (data / "shown").write_text("shown\n")
    look = f"cat {data}/secret {data}/shown /root/.profile /home/*/.profile"
    lines = await output(runner, data, look, readable=(data / "shown",))
    assert [line for line in lines if "cannot" not in line and "No such" not in line] == ["shown"]


@needs_bwrap
async def test_sandbox_hides_data_outside_of_tmp(data: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder, "secret").write_text("secret")
        async with running(Path(folder), sandbox=True) as runner:
            lines = await output(runner, data, f"ls {folder}; touch {folder}/new && echo written")
    assert {"secret", "written"}.isdisjoint(lines)


@needs_bwrap
@pytest.mark.parametrize("path", ["/new", "/etc/new", "/usr/new", "/var/new", "/home/new", "/run/new", "/opt/new"])
async def test_sandbox_is_read_only(runner: ProcessRunner, data: Path, path: str) -> None:
    assert await output(runner, data, f"touch {path} 2>/dev/null && echo written") == []


@needs_bwrap
async def test_sandbox_cannot_change_the_kernels_settings(runner: ProcessRunner, data: Path) -> None:
    script = (
        "cat /proc/sys/kernel/core_pattern > /tmp/now; cat /tmp/now > /proc/sys/kernel/core_pattern && echo written"
    )
    lines = await output(runner, data, script)
    assert len(lines) == 1
    assert "written" not in lines


@needs_bwrap
async def test_sandbox_hides_what_not_every_user_may_read(runner: ProcessRunner, data: Path) -> None:
    assert await output(runner, data, "cat /etc/shadow 2>/dev/null; grep -c ^root: /etc/passwd") == ["1"]


@needs_bwrap
async def test_sandbox_has_its_own_temporary_files(runner: ProcessRunner, data: Path) -> None:
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="clary-test-") as hosts:
        lines = await output(runner, data, "echo x > $TMPDIR/mine; echo x > $HOME/mine; ls $HOME; ls -A /tmp")
    assert lines[0] == "mine"
    assert "mine" in lines[1:]
    assert Path(hosts.name).name not in lines
    assert (data / "jobs" / "ml" / ".tmp" / "mine").exists()


@needs_bwrap
async def test_sandbox_has_its_own_processes_and_no_privileges(runner: ProcessRunner, data: Path) -> None:
    lines = await output(runner, data, "ls -d /proc/[0-9]* | wc -l; grep -E 'Cap|NoNew' /proc/self/status; id -u")
    assert int(lines[0]) < 8
    facts = dict(line.split(":\t") for line in lines[1:-1])
    assert facts.pop("NoNewPrivs") == "1"
    assert set(facts.values()) == {"0" * 16}
    assert lines[-1] == "0"


@needs_bwrap
async def test_sandbox_cannot_mount_or_make_devices(runner: ProcessRunner, data: Path) -> None:
    script = (
        "mount -t tmpfs none /mnt && echo mounted; mknod /tmp/disk b 8 0 && echo made; chroot / true && echo rooted"
    )
    assert {"mounted", "made", "rooted"}.isdisjoint(await output(runner, data, script))


@needs_bwrap
async def test_network_none_leaves_its_own_loopback(runner: ProcessRunner, data: Path) -> None:
    source = (
        "import socket; s = socket.create_server(('127.0.0.1', 8080)); socket.create_connection(('algo-1', 8080));"
        "print(len(socket.if_nameindex()))"
    )
    both = [await output(runner, data, f'{sys.executable} -S -c "{source}"', Network.NONE) for _ in range(2)]
    assert both == [["1"], ["1"]]


@needs_bwrap
async def test_network_host_reaches_this_machine(runner: ProcessRunner, data: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket; socket.create_connection(('127.0.0.1', {port})); print('reached')"
        assert await output(runner, data, f'{sys.executable} -S -c "{source}"') == ["reached"]
        assert await output(runner, data, f'{sys.executable} -S -c "{source}" 2>/dev/null', Network.NONE) == []


@needs_bwrap
async def test_link_in_place_of_temporary_files_is_refused(runner: ProcessRunner, data: Path) -> None:
    (data / "jobs" / "ml" / ".tmp").symlink_to(data)
    with pytest.raises(LaunchError, match="not a folder"):
        await output(runner, data, "true")


async def test_without_bubblewrap_programs_run_as_they_are_and_the_reason_is_known(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with running(data) as runner:
        lines = await output(runner, data, "pwd; echo $CLARY_ML_ROOT", Network.NONE)
        assert lines[0].startswith("Clary: there is no sandbox")
        assert lines[1:] == [str(data / "jobs" / "ml")] * 2
        assert runner.unsandboxed_because == "bubblewrap (bwrap) is not installed"
        assert not await runner.is_sandboxed()


async def test_bubblewrap_that_may_not_work_is_done_without(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))
    async with running(data) as runner:
        assert await output(runner, data, "echo ran") == ["ran"]
        assert runner.unsandboxed_because == "No permissions to create new namespace"


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that another user can reach and owns."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


ORDINARY = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {source!r})
from clary.jobs.process_runner import ProcessRunner
from clary.jobs.program import Limits, Program
from clary.state.clock import SystemClock

async def main():
    runner = ProcessRunner(SystemClock(), hidden=[Path({data!r})], sandbox=True)
    root = Path({data!r}, "ml")
    root.mkdir()
    for program in (
        Program("algo-1", root, ["sh", "-c", "id -u; echo x > /opt/ml/made; ls -A {data}"]),
        Program("algo-1", root, entry="faulthandler:is_enabled"),
        Program("algo-1", root, entry="code:interact", limits=Limits(memory=8 << 20)),
    ):
        process = await runner.start(program)
        print([line.text async for line in process.output()][:1], await process.wait())
    await runner.close()

asyncio.run(main())
"""


@needs_bwrap
@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become somebody else")
def test_ordinary_user_gets_a_sandbox_too(outside: Path) -> None:
    python = shutil.which("python3", path="/usr/bin")
    source = str(Path(__file__).parents[2] / "src")
    script = ORDINARY.format(source=source, data=str(outside))
    command = [python or "", "-c", script]
    done = subprocess.run(command, user="nobody", capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines()[0] == "['0'] Exit(code=0, out_of_memory=False, timed_out=False)", done.stderr
    assert (outside / "ml" / "made").stat().st_uid == pwd.getpwnam("nobody").pw_uid


FOREIGN = """
import asyncio, pathlib
from clary.jobs.process_runner import ProcessRunner
from clary.jobs.program import LaunchError, Program
from clary.state.clock import SystemClock

async def main():
    runner = ProcessRunner(SystemClock())
    try:
        await runner.start(Program("algo-1", pathlib.Path("/tmp"), argv=["true"]))
    except LaunchError as error:
        print(error)
    await runner.close()

asyncio.run(main())
"""


@needs_bwrap
def test_program_is_refused_where_proc_is_of_another_namespace() -> None:
    prefix = ["bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--die-with-parent", "--"]
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("bubblewrap may not make namespaces here")
    done = subprocess.run([*prefix, sys.executable, "-c", FOREIGN], capture_output=True, text=True, check=True)
    assert "/proc shows another PID namespace" in done.stdout
