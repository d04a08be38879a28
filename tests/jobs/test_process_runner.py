import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from clary.jobs.process_runner import ProcessRunner
from clary.jobs.program import Exit, LaunchError, Limits, Process, Program
from clary.state.clock import SystemClock

SECONDS = 20
UNLIMITED = Limits()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a program, within what the sandbox hides, as it is in a server."""
    folder = tmp_path / "data" / "jobs" / "ml"
    folder.mkdir(parents=True)
    return folder


def shell(root: Path, script: str, limits: Limits = UNLIMITED) -> Program:
    return Program("algo-1", root, argv=["sh", "-c", script], limits=limits)


def entry(root: Path, source: str, warm: str | None = None, limits: Limits = UNLIMITED) -> Program:
    """Return a program that calls `main` of a module with this source."""
    (root / "code").mkdir(exist_ok=True)
    (root / "code" / "job.py").write_text(source)
    return Program("algo-1", root, entry="job:main", warm=warm, env={"PYTHONPATH": "/opt/ml/code"}, limits=limits)


async def run(runner: ProcessRunner, program: Program) -> tuple[Exit, list[str]]:
    process = await runner.start(program)
    return await finish(process)


async def finish(process: Process) -> tuple[Exit, list[str]]:
    async with asyncio.timeout(SECONDS):
        lines = [line.text async for line in process.output()]
        return await process.wait(), lines


async def first_line(process: Process) -> str:
    """Return the first line and leave the output alone from then on."""
    async with asyncio.timeout(SECONDS):
        return (await anext(aiter(process.output()))).text


async def test_start_runs_a_command_in_its_folder(runner: ProcessRunner, root: Path) -> None:
    ending, lines = await run(
        runner, shell(root, "echo out; echo err >&2; echo kept > /opt/ml/kept || echo kept > kept; exit 3")
    )
    assert (ending, lines[:2]) == (Exit(3), ["out", "err"])
    assert (root / "kept").read_text() == "kept\n"


async def test_start_stamps_lines_with_the_clock(runner: ProcessRunner, root: Path) -> None:
    before = SystemClock().now()
    process = await runner.start(shell(root, "echo a"))
    stamps = [line.at async for line in process.output()]
    assert before <= stamps[0] <= SystemClock().now()


async def test_start_calls_an_entry(runner: ProcessRunner, root: Path) -> None:
    source = (
        "import os, sys\ndef main():\n    print(os.getcwd(), sys.argv)\n    print('err', file=sys.stderr)\n    return 4"
    )
    ending, lines = await run(runner, entry(root, source))
    where = await runner.seen(entry(root, source), root)
    assert (ending, lines) == (Exit(4), [f"{where} ['job:main']", "err"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(7)", 7),
        ("sys.exit('why')", 1),
        ("raise ValueError('why')", 1),
        ("os._exit(9)", 9),
        ("os.kill(os.getpid(), 9)", 137),
        ("threading.Timer(0.05, os._exit, [5]).start()", 5),
    ],
)
async def test_entry_ends_as_a_python_program_does(root: Path, body: str, code: int) -> None:
    runner = ProcessRunner(SystemClock(), sandbox=False)
    source = f"import os, sys, threading\ndef main():\n    print('begun')\n    {body}"
    ending, lines = await run(runner, entry(root, source))
    await runner.close()
    assert ending == Exit(code)
    assert lines[0] == "begun"
    assert "why" not in body or lines[-1].endswith("why")


async def test_entry_in_a_warm_parent_finds_its_modules_and_leaves_it_as_it_was(
    runner: ProcessRunner, root: Path
) -> None:
    source = (
        "import sys\n"
        "was = 'wave' in sys.modules, 'job_was_here' in sys.modules\n"
        "def main():\n    sys.modules['job_was_here'] = sys\n    print(was)\n"
    )
    await runner.prewarm("ml", ["wave"])
    for _ in range(2):
        assert await run(runner, entry(root, source, warm="ml")) == (Exit(0), ["(True, False)"])
    assert await run(runner, entry(root, source)) == (Exit(0), ["(False, False)"])


async def test_warm_parent_that_cannot_import_says_so(runner: ProcessRunner, root: Path) -> None:
    await runner.prewarm("ml", ["no_such_module"])
    with pytest.raises(LaunchError, match="cannot import no_such_module"):
        await runner.start(entry(root, "", warm="ml"))
    with pytest.raises(LaunchError, match="no warm parent 'other'"):
        await runner.start(entry(root, "", warm="other"))


async def test_warm_parent_that_is_killed_is_replaced_and_its_programs_go_on(runner: ProcessRunner, root: Path) -> None:
    first = await runner.start(shell(root, "until [ -e go ]; do sleep 0.01; done; echo went on"))
    parent = runner._parents[""]._process
    parent.kill()
    parent.wait()
    assert await run(runner, shell(root, "touch go; echo new")) == (Exit(0), ["new"])
    assert await finish(first) == (Exit(0), ["went on"])


async def test_environment_is_a_defined_set(runner: ProcessRunner, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the server")
    expected = {"PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "MINE", "PYTHONPATH"}
    source = (
        "import os\ndef main():\n    print(*os.environ)\n    print(open('/proc/self/environ').read())\n"
        "    print(os.environ['MINE'])"
    )
    program = entry(root, source)
    program.env["MINE"] = '{"dir": "/opt/ml/model", "other": "/opt/mlx"}'  # type: ignore[index]  # a dict, in this test
    _, lines = await run(runner, program)
    assert set(lines[0].split()) - {"CLARY_ML_ROOT"} == expected
    assert "of the server" not in lines[1]
    model = await runner.seen(program, root / "model")
    assert lines[2] == f'{{"dir": "{model}", "other": "/opt/mlx"}}'


async def test_start_of_what_is_not_there_is_a_launch_error(runner: ProcessRunner, root: Path) -> None:
    with pytest.raises(LaunchError, match="No such file"):
        await runner.start(Program("algo-1", root, argv=["no-such-command"]))
    with pytest.raises(LaunchError, match="does not exist"):
        await runner.start(Program("algo-1", root / "nowhere", argv=["true"]))
    assert await run(runner, shell(root, "echo fine")) == (Exit(0), ["fine"])


async def test_terminate_reaches_the_program_itself(runner: ProcessRunner, root: Path) -> None:
    process = await runner.start(
        shell(root, "trap 'echo stopping; exit 5' TERM; echo begun; while :; do sleep 0.01; done")
    )
    lines = []
    async for line in process.output():
        lines.append(line.text)
        process.terminate(grace=SECONDS)
    assert (await process.wait(), lines) == (Exit(5), ["begun", "stopping"])


async def test_terminate_kills_what_does_not_listen(runner: ProcessRunner, root: Path) -> None:
    process = await runner.start(shell(root, "trap '' TERM; echo begun; while :; do sleep 0.01; done"))
    await first_line(process)
    process.terminate(grace=SECONDS)
    process.terminate(grace=0.05)
    assert await asyncio.wait_for(process.wait(), SECONDS / 2) == Exit(137)
    process.terminate(grace=0)


async def test_terminate_of_a_program_without_a_handler_ends_it_at_once(runner: ProcessRunner, root: Path) -> None:
    process = await runner.start(shell(root, "exec sleep 1000"))
    process.terminate(grace=SECONDS)
    assert await asyncio.wait_for(process.wait(), SECONDS / 2) == Exit(143)


async def test_wait_returns_when_nothing_is_left(
    runner: ProcessRunner, root: Path, is_locked: Callable[[Path], bool]
) -> None:
    daemon = "setsid flock lock sh -c 'echo held; sleep 1000'"
    process = await runner.start(shell(root, f"trap '' TERM HUP; ({daemon} &) ; sleep 1000"))
    assert await first_line(process) == "held"
    assert is_locked(root / "lock")
    process.terminate(grace=0)
    await asyncio.wait_for(process.wait(), SECONDS)
    assert not is_locked(root / "lock")


async def test_output_ends_with_the_program_though_a_child_holds_it(runner: ProcessRunner, root: Path) -> None:
    ending, lines = await run(runner, shell(root, "setsid sleep 1000 & echo done"))
    assert (ending, lines) == (Exit(0), ["done"])


async def test_limit_of_seconds_ends_the_program(runner: ProcessRunner, root: Path) -> None:
    slow = "echo begun; while :; do sleep 0.01; done"
    assert await run(runner, shell(root, slow, Limits(seconds=0.2))) == (Exit(137, timed_out=True), ["begun"])
    polite = "trap 'exit 0' TERM; " + slow
    assert (await run(runner, shell(root, polite, Limits(seconds=0.2, grace=SECONDS))))[0] == Exit(0, timed_out=True)


async def test_limit_of_memory_ends_the_program(runner: ProcessRunner, root: Path) -> None:
    source = "def main():\n    print(len(bytearray(b'x') * {n}))"
    limits = Limits(memory=256 * 2**20)
    assert await run(runner, entry(root, source.format(n=10 * 2**20), limits=limits)) == (Exit(0), ["10485760"])
    ending, _ = await run(runner, entry(root, source.format(n=2**30), limits=limits))
    assert ending.code != 0
    assert ending.out_of_memory


async def test_memory_that_lacks_at_once_is_told_too(runner: ProcessRunner, root: Path) -> None:
    program = entry(root, "def main():\n    raise MemoryError")
    endings = [(await run(runner, program))[0] for _ in range(10)]
    assert {ending.out_of_memory for ending in endings} == {True}


async def test_limit_of_cpus_shows_in_what_the_program_counts(runner: ProcessRunner, root: Path) -> None:
    source = "import os\ndef main():\n    print(len(os.sched_getaffinity(0)))"
    available = len(os.sched_getaffinity(0))
    for cpus in (0.5, 1, 1000):
        _, lines = await run(runner, entry(root, source, limits=Limits(cpus=cpus)))
        assert lines == [str(min(max(1, int(cpus)), available))]


async def test_supervisor_that_is_killed_takes_its_program_along(
    runner: ProcessRunner, root: Path, unlocked: Callable[[Path], Awaitable[None]]
) -> None:
    process = await runner.start(shell(root, "touch lock; exec flock lock sh -c 'echo held; exec sleep 1000'"))
    assert await first_line(process) == "held"
    parent = runner._parents[""]._process.pid
    (supervisor,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    os.kill(int(supervisor), signal.SIGKILL)
    assert await asyncio.wait_for(process.wait(), SECONDS) == Exit(137)
    await unlocked(root / "lock")


async def test_close_ends_every_program(tmp_path: Path, root: Path) -> None:
    runner = ProcessRunner(SystemClock())
    processes = [await runner.start(shell(root, "sleep 1000")) for _ in range(3)]
    await asyncio.wait_for(runner.close(), SECONDS)
    assert [await process.wait() for process in processes] == [Exit(137)] * 3


async def test_many_programs_at_once_keep_their_outputs_apart(runner: ProcessRunner, root: Path) -> None:
    endings = await asyncio.gather(*(run(runner, shell(root, f"echo {n}; exit {n}")) for n in range(20)))
    assert endings == [(Exit(n), [str(n)]) for n in range(20)]


async def test_python_of_a_parent_may_be_another(runner: ProcessRunner, root: Path, tmp_path: Path) -> None:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexport OTHER=1\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    await runner.prewarm("other", ["colorsys"], str(python))
    source = "import os, sys\ndef main():\n    print('colorsys' in sys.modules, os.environ['PATH'].split(':')[0])"
    assert await run(runner, entry(root, source, warm="other")) == (Exit(0), [f"True {python.parent}"])
