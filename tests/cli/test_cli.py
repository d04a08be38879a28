"""The command line, as a shell calls it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

CLARY = [sys.executable, "-m", "clary"]
#: What the tests' own environment must not bring in.
CLEAN = {name: value for name, value in os.environ.items() if not name.upper().startswith(("AWS_", "CLARY_", "HTTP"))}
PATIENCE = 30.0


def clary(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    options = {"env": CLEAN, **options}
    command = [*CLARY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **options)


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts `clary` in the background; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path) -> subprocess.Popen[str]:
        command = [*CLARY, *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=CLEAN, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def up(start: Start, data_dir: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server on a free port; return it and its URL."""
    server = start("up", "--data-dir", data_dir, "--port", "0", *arguments)
    assert server.stdout is not None
    words = server.stdout.readline().split()
    assert words[:4] == ["Clary", "is", "ready", "at"]
    return server, words[4]


def exports(text: str) -> dict[str, str]:
    """Return the variables that a shell has after the lines of `clary env`."""
    command = ["sh", "-c", 'eval "$LINES"; unset LINES PWD _; env -0']
    done = subprocess.run(command, env={**CLEAN, "LINES": text}, capture_output=True, check=True)
    return dict(pair.split("=", 1) for pair in done.stdout.decode().split("\0") if pair)


def client(service: str, variables: dict[str, str]) -> Any:
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        variables.get("AWS_SESSION_TOKEN"),
        variables["AWS_REGION"],
    )
    return session.client(service, endpoint_url=variables["AWS_ENDPOINT_URL"])


def caller(variables: dict[str, str]) -> str:
    sts = client("sts", variables)
    try:
        return str(sts.get_caller_identity()["Arn"])
    finally:
        sts.close()


def test_up_serves_until_sigterm(start: Start, tmp_path: Path) -> None:
    server, url = up(start, tmp_path)
    variables = exports(clary("env", "--data-dir", tmp_path).stdout)
    assert variables["AWS_ENDPOINT_URL"] == url
    assert caller(variables) == "arn:aws:iam::000000000000:root"
    server.send_signal(signal.SIGTERM)
    assert server.wait(PATIENCE) == 0
    assert server.stderr is not None
    assert server.stderr.read() == ""


def test_server_that_others_can_reach_is_no_open_relay(start: Start, tmp_path: Path) -> None:
    _, url = up(start, tmp_path, "--host", "0.0.0.0")
    assert url.startswith("http://127.0.0.1:")
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), PATIENCE) as client:
        client.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_data_directory_in_use_is_one_line(start: Start, tmp_path: Path) -> None:
    server, url = up(start, tmp_path)
    second = clary("up", "--data-dir", tmp_path, "--port", "0")
    assert second.returncode == 1
    assert second.stderr == f"clary: another server ({url}, pid {server.pid}) uses the data directory {tmp_path}\n"


def test_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = clary("up", "--data-dir", tmp_path, "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"clary: port {port} is in use; ")
    assert done.stderr.count("\n") == 1


def test_killed_server_leaves_no_lock(start: Start, tmp_path: Path) -> None:
    server, _ = up(start, tmp_path)
    server.kill()
    server.wait(PATIENCE)
    up(start, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "text"),
    [
        (["up", "--port", "x"], {}, 2, "'x' is not a port number"),
        (["up", "--host", "192.0.2.1", "--port", "0"], {}, 1, "cannot listen on 192.0.2.1:0"),
        (["up"], {"CLARY_PORT": "x"}, 1, "clary: CLARY_PORT is 'x'"),
        (["up"], {"CLARY_DATABASE_URL": "mysql://h/d"}, 1, "a database is named by a path"),
        (["up"], {"CLARY_ACCOUNT_ID": "1"}, 1, "clary: CLARY_ACCOUNT_ID is '1'"),
        (["env", "--data-dir", "/proc/none"], {}, 1, "clary: /proc/none: "),
        (["status"], {}, 1, "start one with: clary up"),
        (["env", "--role", "r"], {}, 1, "start one with: clary up"),
        (["run"], {}, 2, "nothing to run"),
        ([], {}, 2, "usage: clary"),
    ],
)
def test_failures(tmp_path: Path, arguments: list[str], environment: dict[str, str], status: int, text: str) -> None:
    done = clary(*arguments, env={**CLEAN, "CLARY_DATA_DIR": str(tmp_path), **environment})
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_env_keeps_what_the_user_had(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("-----BEGIN CERTIFICATE-----\n")
    had = {
        "HTTPS_PROXY": "http://proxy.corp:3128",
        "NO_PROXY": "intranet, .amazonaws.com",
        "REQUESTS_CA_BUNDLE": str(roots),
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere",
        "AWS_SESSION_TOKEN": "old",
    }
    done = clary("env", "--data-dir", tmp_path / "it's here", "--port", "4599", env={**CLEAN, **had})
    made = exports(done.stdout)
    assert made["HTTPS_PROXY"] == made["https_proxy"] == made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4599"
    assert made["CLARY_UPSTREAM_PROXY"] == "http://proxy.corp:3128"
    assert made["NO_PROXY"] == "localhost,127.0.0.1,::1,intranet"
    assert Path(made["AWS_CA_BUNDLE"]).read_text().startswith("-----BEGIN CERTIFICATE-----\n-----BEGIN CERT")
    unset = done.stdout.splitlines()[0].split()
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"} < set(unset)
    again = exports(clary("env", "--data-dir", tmp_path / "it's here", "--port", "4599", env={**CLEAN, **made}).stdout)
    assert again == made


def test_root_credentials_can_be_given(tmp_path: Path) -> None:
    given = {"CLARY_ACCESS_KEY_ID": "AKIAGIVEN", "CLARY_SECRET_ACCESS_KEY": "it is"}
    made = exports(clary("env", "--data-dir", tmp_path / "data", env={**CLEAN, **given}).stdout)
    assert (made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"]) == ("AKIAGIVEN", "it is")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / "credentials.json").stat().st_mode) == 0o600


def test_env_of_a_role(start: Start, tmp_path: Path) -> None:
    up(start, tmp_path)
    made = exports(clary("env", "--data-dir", tmp_path, "--role", "service-role/ClaryExecutionRole").stdout)
    assert caller(made) == "arn:aws:sts::000000000000:assumed-role/ClaryExecutionRole/clary-env"
    wrong = clary("env", "--data-dir", tmp_path, "--role", "nobody")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("clary: sts answered 40")
    assert "nobody" in wrong.stderr
    assert "<" not in wrong.stderr


PROGRAM = """
import boto3, json, os, urllib.request
arn = boto3.client("sts").get_caller_identity()["Arn"]
del os.environ["AWS_ENDPOINT_URL"]
s3 = boto3.client("s3")
s3.create_bucket(Bucket="a-bucket")
s3.put_object(Bucket="a-bucket", Key="a key+ü", Body=b"body")
url = s3.generate_presigned_url("get_object", Params={"Bucket": "a-bucket", "Key": "a key+ü"})
with urllib.request.urlopen(url) as response:
    print(json.dumps([arn, url.partition("?")[0], response.read().decode()]))
"""


def test_run_gives_a_program_aws_by_its_own_names(tmp_path: Path) -> None:
    done = clary("run", "--data-dir", tmp_path, "--", sys.executable, "-c", PROGRAM)
    assert done.stderr == ""
    role = "arn:aws:sts::000000000000:assumed-role/ClaryExecutionRole/clary-run"
    assert json.loads(done.stdout) == [role, "https://a-bucket.s3.amazonaws.com/a%20key%2B%C3%BC", "body"]
    assert clary("status", "--data-dir", tmp_path).returncode == 1


def test_run_passes_streams_and_status(start: Start, tmp_path: Path) -> None:
    up(start, tmp_path)
    done = clary("run", "--data-dir", tmp_path, "--", "sh", "-c", "cat; echo error >&2; exit 7", input="in")
    assert (done.returncode, done.stdout, done.stderr) == (7, "in", "error\n")
    assert clary("run", "--data-dir", tmp_path, "--", "sh", "-c", "kill -9 $$").returncode == 128 + 9
    missing = clary("run", "--data-dir", tmp_path, "--", "no-such-program")
    assert (missing.returncode, missing.stderr) == (127, "clary: no-such-program: not found\n")
    assert clary("run", "--data-dir", tmp_path, "--", "/etc/passwd").returncode == 126
    assert clary("status", "--data-dir", tmp_path).returncode == 0


def test_run_forwards_signals(start: Start, tmp_path: Path) -> None:
    script = "trap 'echo got; exit 3' TERM; echo ready; while read line; do :; done"
    running = start("run", "--data-dir", tmp_path, "--", "sh", "-c", script)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGTERM)
    assert running.stdout.read() == "got\n"
    assert running.wait(PATIENCE) == 3


def test_run_leaves_its_server_to_the_last_user(start: Start, tmp_path: Path) -> None:
    first = start("run", "--data-dir", tmp_path, "--", "sh", "-c", "echo $AWS_ENDPOINT_URL; read line")
    assert first.stdout is not None
    url = first.stdout.readline()
    second = start("run", "--data-dir", tmp_path, "--", "sh", "-c", "echo $AWS_ENDPOINT_URL; read line")
    assert second.stdout is not None
    assert second.stdout.readline() == url
    first.kill()
    first.wait(PATIENCE)
    assert clary("run", "--data-dir", tmp_path, "--", "true").returncode == 0
    assert clary("status", "--data-dir", tmp_path).returncode == 0
    second.terminate()
    second.wait(PATIENCE)
    assert clary("status", "--data-dir", tmp_path).returncode == 1


def test_runs_that_begin_at_once_share_a_server(start: Start, tmp_path: Path) -> None:
    show = ("--", "sh", "-c", "echo $AWS_ENDPOINT_URL; read line")
    runs = [start("run", "--data-dir", tmp_path, *show) for _ in range(3)]
    urls = {run.stdout.readline() for run in runs if run.stdout is not None}
    assert len(urls) == 1
    assert urls != {""}
    for run in runs:
        run.communicate("\n", PATIENCE)
    assert [run.returncode for run in runs] == [0, 0, 0]


def test_run_takes_another_port_where_its_own_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        show = ("--", "sh", "-c", "echo $AWS_ENDPOINT_URL")
        free = clary("run", "--data-dir", tmp_path, *show, env={**CLEAN, "CLARY_PORT": port})
        fixed = clary("run", "--data-dir", tmp_path, "--port", port, *show)
    assert free.returncode == 0
    assert free.stdout.strip() not in {"", f"http://127.0.0.1:{port}"}
    assert (fixed.returncode, fixed.stdout) == (1, "")
    assert fixed.stderr.startswith(f"clary: port {port} is in use")


def test_status_shows_what_runs(start: Start, tmp_path: Path) -> None:
    server, url = up(start, tmp_path)
    assert clary("status", "--data-dir", tmp_path).stdout.splitlines() == [
        f"Clary is ready at {url} (pid {server.pid}, data in {tmp_path})",
        "Nothing runs.",
    ]
    shown = json.loads(clary("status", "--data-dir", tmp_path, "--json").stdout)
    assert shown == {"url": url, "pid": server.pid, "data_dir": str(tmp_path), "running": []}


def test_doctor_says_how_to_get_what_is_missing(tmp_path: Path) -> None:
    done = clary("doctor", env={**CLEAN, "PATH": str(tmp_path)})
    assert done.returncode == 0
    assert "missing  bubblewrap" in done.stdout
    assert "apt install bubblewrap" in done.stdout
    assert "found    xgboost" in done.stdout


def test_env_loads_no_client_and_no_server() -> None:
    heavy = ("botocore.session", "uvloop", "clary.app")
    code = f"import sys, clary.cli.env; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
