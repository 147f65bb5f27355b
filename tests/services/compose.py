"""docker-compose.yml without Docker: its services as processes of this machine, as far as a process can be a container.

Command, environment, health check and order come from the parsed file. What a container would give is mapped: host names of
services to servers here, /tmp to a folder of its own, the container's port to a free one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
# A check may be slow on a busy machine; what it says may not be wrong.
SLOWER = 6
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::\?[^}]*)?\}")


def parsed() -> dict[str, Any]:
    """The file as it stands, anchors merged, nothing filled in."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    """`value` with ${NAME:?message} replaced, as compose does it. Raises KeyError for a variable that is not set."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: variables[found[1]] if found[1] else "$", value)
    if isinstance(value, list):
        return [filled_in(one, variables) for one in value]
    if isinstance(value, dict):
        return {key: filled_in(one, variables) for key, one in value.items()}
    return value


def seconds(duration: str) -> float:
    """`60s` or `2m`."""
    return float(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


def start_order(services: Mapping[str, Any]) -> list[str]:
    """Services so that each comes after those it waits for. Raises ValueError for a circle."""
    order: list[str] = []
    while len(order) < len(services):
        ready = [
            name
            for name, service in services.items()
            if name not in order and set(service.get("depends_on", {})) <= set(order)
        ]
        if not ready:
            raise ValueError("services wait for each other in a circle")
        order += ready
    return order


class Host:
    """Where the services run: variables of `.env`, servers by host name, one folder instead of the image's data folder."""

    def __init__(
        self, *, folder: Path, variables: Mapping[str, str], servers: Mapping[str, str], port: int
    ) -> None:
        self.folder = folder
        self.variables = dict(variables)
        self.servers = dict(servers)
        self.port = port
        self.services: dict[str, Any] = filled_in(parsed()["services"], variables)

    def environment(self, name: str) -> dict[str, str]:
        """What the service sees: the image's, env_file's, its own; nothing of this shell but the path."""
        service = self.services[name]
        own = {key: self._mapped(str(value)) for key, value in service["environment"].items()}
        if "PORT" in own:
            own["PORT"] = str(self.port)
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PORTAL_DATA_DIR": str(self.folder / "var"),
            "HOSTNAME": os.uname().nodename,
            **(self.variables if service.get("env_file") == ".env" else {}),
            **own,
        }

    def words(self, name: str, command: list[str]) -> list[str]:
        """A command with the container's /tmp and port replaced by ours."""
        container_port = str(self.services["web"]["environment"]["PORT"])
        words = [word.replace("/tmp", str(self.tmp(name))) for word in command]
        return [str(self.port) if word == container_port else word for word in words]

    def tmp(self, name: str) -> Path:
        folder = self.folder / f"tmp-{name}"
        folder.mkdir(exist_ok=True)
        return folder

    def _mapped(self, value: str) -> str:
        """An address with the host name of a service becomes the address of the server that stands for it."""
        host = urlsplit(value).hostname
        if host not in self.servers:
            return value
        there, here = urlsplit(value), urlsplit(self.servers[host])
        login = there.netloc.rpartition("@")[0]
        netloc = f"{login}@{here.hostname}:{here.port}" if login else f"{here.hostname}:{here.port}"
        return there._replace(netloc=netloc).geturl()


class Service:
    """One service as a process in a group of its own."""

    def __init__(self, host: Host, name: str) -> None:
        self.host, self.name = host, name
        self.plan = host.services[name]
        self.log = host.folder / f"{name}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                host.words(name, self.plan["command"]),
                cwd=ROOT,
                env=host.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends what the test left running."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
        self.process.wait()

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def completed(self) -> None:
        """Waits until it has ended well. Raises AssertionError with what it said."""
        assert self.process.wait(300) == 0, self.said

    def healthy(self) -> None:
        """Asks its own health check until it says yes, no longer than its times allow. Raises AssertionError."""
        check = self.plan["healthcheck"]
        kind, *command = check["test"]
        words = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        allowed = seconds(check["start_period"]) + check["retries"] * seconds(check["interval"])
        deadline = time.monotonic() + SLOWER * allowed
        while True:
            assert self.process.poll() is None, f"{self.name} ended:\n{self.said}"
            done = subprocess.run(
                self.host.words(self.name, words),
                cwd=ROOT,
                env=self.host.environment(self.name),
                capture_output=True,
                text=True,
                timeout=SLOWER * seconds(check["timeout"]),
                check=False,
            )
            if done.returncode == 0:
                return
            assert time.monotonic() < deadline, (
                f"{self.name} is not healthy:\n{done.stdout}{done.stderr}\n{self.said}"
            )
            # Not the interval of the file: a test need not wait as long as a container's host may.
            time.sleep(0.5)

    def stop(self) -> int:
        """SIGTERM as `docker compose stop` sends it; the exit code, within its grace period."""
        self.process.terminate()
        grace = seconds(self.plan.get("stop_grace_period", "10s"))
        return self.process.wait(SLOWER * grace)
