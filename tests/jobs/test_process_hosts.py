import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from clary.jobs.hosts import (
    HostEvents,
    HostRequest,
    HostSpec,
    HostStatus,
    HostTimeout,
    HostUnavailable,
)
from clary.jobs.process_hosts import REPLICA_EXCHANGES, ProcessHosts
from clary.jobs.process_runner import ProcessRunner
from clary.jobs.program import Exit, LaunchError, Line, Network, Program

SERVER = Path(__file__).with_name("model_server.py")
NAME = "123/eu-west-1/endpoint/AllTraffic"


class Log:
    """What a service hears of a host."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.exits: asyncio.Queue[Exit] = asyncio.Queue()

    async def on_line(self, name: str, line: Line) -> None:
        self.lines.append(line.text)

    async def on_exit(self, name: str, ending: Exit) -> None:
        self.exits.put_nowait(ending)

    @property
    def events(self) -> HostEvents:
        return HostEvents(self.on_line, self.on_exit)


def program(root: Path, name: str = "algo-1", **env: str) -> Program:
    root.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-S", str(SERVER)]
    return Program(name, root, argv=argv, env={"NAME": name, **env}, readable=[SERVER], network=Network.NONE)


def spec(*programs: Program) -> HostSpec:
    return HostSpec(programs, start_seconds=20)


@pytest.fixture
async def hosts(runner: ProcessRunner) -> AsyncIterator[ProcessHosts]:
    hosts = ProcessHosts(runner)
    yield hosts
    await hosts.close()


async def post(hosts: ProcessHosts, body: bytes) -> bytes:
    return (await hosts.invoke(NAME, HostRequest(body))).body


async def test_invoke_answers_with_status_headers_and_body(hosts: ProcessHosts, tmp_path: Path) -> None:
    log = Log()
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), log.events)
    assert hosts.status(NAME) is HostStatus.READY
    answer = await hosts.invoke(NAME, HostRequest(b"1,2,3", [("x-echo", "yes"), ("content-length", "7")]))
    assert (answer.status, answer.body, dict(answer.headers)["x-echo"]) == (200, b"1,2,3", "yes")
    assert (await hosts.invoke(NAME, HostRequest(b"status 400"))).status == 400
    assert log.lines.count("served /invocations") == 2


async def test_invoke_carries_large_bodies(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    body = bytes(range(256)) * 4096 * 6
    assert await post(hosts, body) == body


async def test_invoke_of_a_model_that_closes_its_connections(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    assert [await post(hosts, b"close") for _ in range(3)] == [b"until the end"] * 3


async def test_invoke_refuses_a_header_that_smuggles(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    with pytest.raises(ValueError, match="line end"):
        await hosts.invoke(NAME, HostRequest(b"", [("x-echo", "a\r\nx-more: b")]))


async def test_invoke_of_an_unknown_host_is_unavailable(hosts: ProcessHosts) -> None:
    assert hosts.status(NAME) is None
    with pytest.raises(HostUnavailable):
        await post(hosts, b"")


async def test_invoke_that_takes_too_long_times_out_alone(hosts: ProcessHosts, tmp_path: Path) -> None:
    slow = replace(spec(program(tmp_path / "ml")), invoke_seconds=0.2)
    await hosts.ensure(NAME, slow, Log().events)
    late = asyncio.create_task(post(hosts, b"sleep 30"))
    assert await post(hosts, b"hello") == b"hello"
    with pytest.raises(HostTimeout):
        await late
    assert await post(hosts, b"hello") == b"hello"


async def test_invoke_of_what_is_not_http_is_unavailable(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    with pytest.raises(HostUnavailable, match="HTTP"):
        await post(hosts, b"garbage")
    assert await post(hosts, b"hello") == b"hello"


async def test_invoke_that_is_cancelled_leaves_its_answer_to_nobody(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    gate = tmp_path / "ml" / "gate"
    seen = await hosts._runner.seen(program(tmp_path / "ml"), gate)
    tasks = [asyncio.create_task(post(hosts, b"wait " + seen.encode())) for _ in range(REPLICA_EXCHANGES + 1)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    gate.touch()
    assert await asyncio.gather(*(post(hosts, b"%d" % n) for n in range(100))) == [b"%d" % n for n in range(100)]


async def test_crash_fails_the_requests_of_that_replica_and_it_is_started_again(
    hosts: ProcessHosts, tmp_path: Path
) -> None:
    log = Log()
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), log.events)
    with pytest.raises(HostUnavailable):
        await post(hosts, b"crash")
    assert (await asyncio.wait_for(log.exits.get(), 10)).code == 3
    async with asyncio.timeout(10):
        while hosts.status(NAME) is not HostStatus.READY:
            assert hosts.status(NAME) is HostStatus.DOWN
            await asyncio.sleep(0.01)
    assert await post(hosts, b"hello") == b"hello"


async def test_replicas_share_the_work_and_one_alone_goes_on(hosts: ProcessHosts, tmp_path: Path) -> None:
    log, gate = Log(), tmp_path / "a" / "gate"
    await hosts.ensure(NAME, spec(program(tmp_path / "a", "a"), program(tmp_path / "b", "b")), log.events)
    seen = await hosts._runner.seen(program(tmp_path / "a"), gate)
    busy = asyncio.create_task(post(hosts, b"wait " + seen.encode()))
    await asyncio.sleep(0)
    assert {await post(hosts, b"name") for _ in range(5)} == {b"b"}
    gate.touch()
    await busy
    with pytest.raises(HostUnavailable):
        await post(hosts, b"crash")
    await asyncio.wait_for(log.exits.get(), 10)
    assert len({await post(hosts, b"name")}) == 1


async def test_requests_beyond_max_waiting_are_turned_away(hosts: ProcessHosts, tmp_path: Path) -> None:
    gate = tmp_path / "ml" / "gate"
    await hosts.ensure(NAME, replace(spec(program(tmp_path / "ml")), max_waiting=2), Log().events)
    seen = await hosts._runner.seen(program(tmp_path / "ml"), gate)
    count = REPLICA_EXCHANGES + 2
    tasks = [asyncio.create_task(post(hosts, b"wait " + seen.encode())) for _ in range(count)]
    await asyncio.sleep(0)
    with pytest.raises(HostUnavailable, match="2 requests wait"):
        await post(hosts, b"hello")
    gate.touch()
    assert await asyncio.gather(*tasks) == [b"waited"] * count


async def test_stream_yields_parts_and_ends(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    parts = [part async for part in hosts.stream(NAME, HostRequest(b"chunks 5"))]
    assert parts == [b"part %d;" % index for index in range(5)]
    opened = await hosts.open_stream(NAME, HostRequest(b"status 404"))
    assert (opened.status, [part async for part in opened]) == (404, [b"no"])


async def test_stream_of_an_endless_answer_can_be_left(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    stream = hosts.stream(NAME, HostRequest(b"chunks 1000000000"))
    assert await anext(aiter(stream)) == b"part 0;"
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator, though the contract promises less
    assert await post(hosts, b"hello") == b"hello"


async def test_ensure_with_another_spec_changes_over_without_losing_a_request(
    hosts: ProcessHosts, tmp_path: Path
) -> None:
    log, gate = Log(), tmp_path / "old" / "gate"
    await hosts.ensure(NAME, spec(program(tmp_path / "old", "old")), log.events)
    seen = await hosts._runner.seen(program(tmp_path / "old"), gate)
    draining = asyncio.create_task(post(hosts, b"wait " + seen.encode()))
    change = asyncio.create_task(hosts.ensure(NAME, spec(program(tmp_path / "new", "new")), log.events))
    names = []
    while not change.done():
        names.append(await post(hosts, b"name"))
    assert names[0] == b"old"
    assert await post(hosts, b"name") == b"new"
    assert not draining.done()
    gate.touch()
    assert await draining == b"waited"
    await asyncio.wait_for(log.exits.get(), 10)


async def test_ensure_of_a_program_that_ends_says_its_last_words(hosts: ProcessHosts, tmp_path: Path) -> None:
    failing = program(tmp_path / "ml", FAIL="no model here")
    with pytest.raises(LaunchError, match=r"ended with exit code 1: no model here$"):
        await hosts.ensure(NAME, spec(failing), Log().events)
    assert hosts.status(NAME) is HostStatus.FAILED
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), Log().events)
    assert hosts.status(NAME) is HostStatus.READY


async def test_ensure_that_fails_leaves_the_old_spec_serving(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / "old", "old")), Log().events)
    with pytest.raises(LaunchError):
        await hosts.ensure(NAME, spec(program(tmp_path / "new", FAIL="bad")), Log().events)
    assert (hosts.status(NAME), await post(hosts, b"name")) == (HostStatus.READY, b"old")


async def test_ensure_gives_up_when_ping_is_not_healthy_in_time(hosts: ProcessHosts, tmp_path: Path) -> None:
    never = replace(spec(program(tmp_path / "ml", HEALTHY_AFTER="1000")), start_seconds=0.5)
    with pytest.raises(LaunchError, match="did not answer GET /ping with 200 in time: served /ping"):
        await hosts.ensure(NAME, never, Log().events)


async def test_remove_while_it_starts_ends_it(hosts: ProcessHosts, tmp_path: Path) -> None:
    starting = asyncio.create_task(
        hosts.ensure(NAME, spec(program(tmp_path / "ml", HEALTHY_AFTER="1000")), Log().events)
    )
    await asyncio.sleep(0)
    assert hosts.status(NAME) is HostStatus.STARTING
    await hosts.remove(NAME)
    with pytest.raises(LaunchError):
        await starting
    assert hosts.status(NAME) is None


async def test_remove_lets_requests_end_and_then_the_process(hosts: ProcessHosts, tmp_path: Path) -> None:
    log, gate = Log(), tmp_path / "ml" / "gate"
    await hosts.ensure(NAME, spec(program(tmp_path / "ml")), log.events)
    seen = await hosts._runner.seen(program(tmp_path / "ml"), gate)
    last = asyncio.create_task(post(hosts, b"wait " + seen.encode()))
    await asyncio.sleep(0)
    removal = asyncio.create_task(hosts.remove(NAME))
    await asyncio.sleep(0)
    with pytest.raises(HostUnavailable):
        await post(hosts, b"hello")
    gate.touch()
    assert await last == b"waited"
    await removal
    assert log.exits.qsize() == 1
    assert not list((tmp_path / "ml").glob("*.sock"))


async def test_socket_path_may_be_longer_than_the_kernel_takes(hosts: ProcessHosts, tmp_path: Path) -> None:
    await hosts.ensure(NAME, spec(program(tmp_path / ("long" * 20) / ("longer" * 20))), Log().events)
    assert await post(hosts, b"hello") == b"hello"


async def test_link_in_place_of_the_socket_is_not_followed(runner: ProcessRunner, tmp_path: Path) -> None:
    from clary.jobs import model_socket

    (tmp_path / "model.sock").symlink_to("/run/anything.sock")
    with pytest.raises(FileNotFoundError):
        model_socket.connect(tmp_path, "model.sock")
