"""The units, the cron line and the installer name commands, settings and folders that exist."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from benchmarks.rolling_restart import configuration
from kb.config import settings_from
from tests.ports import free_ports

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer"))
DATABASE = sorted((DEPLOY / "postgresql").glob("*.service")) + sorted((DEPLOY / "postgresql").glob("*.timer"))
COMMAND = re.compile(r"-m (web|ingest(?: [a-z]+)?)\b")


@pytest.mark.parametrize("path", [*sorted(DEPLOY.glob("*.service")), DEPLOY / "wakhan.cron"], ids=lambda path: path.name)
def test_commands_exist(path: Path) -> None:
    commands = COMMAND.findall(path.read_text(encoding="utf-8"))
    assert commands
    for command in commands:
        subprocess.run([sys.executable, "-m", *command.split(), "--help"], cwd=ROOT, check=True, capture_output=True, timeout=120)


def test_settings_are_known() -> None:
    lines = [line for line in (DEPLOY / "wakhan.env").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    values = dict(line.split("=", 1) for line in lines)
    settings = settings_from(values, Path("/"))
    assert (str(settings.home), str(settings.corpus)) == ("/var/lib/wakhan", "/srv/wakhan")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: the units are not checked")
@pytest.mark.parametrize("path", [*UNITS, *DATABASE], ids=lambda path: path.name)
def test_units_are_sound(path: Path, tmp_path: Path) -> None:
    interpreter = tmp_path / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to(sys.executable)
    (tmp_path / "deploy").symlink_to(DEPLOY)
    for unit in (*UNITS, *DATABASE):
        (tmp_path / unit.name).write_text(
            unit.read_text(encoding="utf-8").replace("/opt/wakhan", str(tmp_path)), encoding="utf-8"
        )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / path.name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_service_gives_up_what_it_does_not_need() -> None:
    for path in DEPLOY.glob("*.service"):
        text = path.read_text(encoding="utf-8")
        for line in ("User=wakhan", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "ProtectHome=yes"):
            assert f"\n{line}\n" in text, f"{path.name}: {line}"


def test_the_installer_lays_out_what_the_units_name(tmp_path: Path) -> None:
    target = tmp_path / "a root"
    interpreter = target / "opt/wakhan/.venv/bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(
        '#!/bin/sh\necho "$@" >> "$(dirname "$0")/called"\n'
    )  # plays the environment of an earlier installation
    interpreter.chmod(0o755)
    settings = target / "etc/wakhan/wakhan.env"
    for kept in ("KB_PORT=8000", "KB_PORT=9000"):
        subprocess.run(
            ["bash", str(DEPLOY / "install.sh")],
            env=os.environ | {"DESTDIR": str(target), "PYTHON": sys.executable},
            check=True,
            capture_output=True,
            timeout=60,
        )
        assert kept in settings.read_text()
        settings.write_text("KB_PORT=9000\n")  # a second installation leaves it alone
    for name in ("kb/config.py", "ingest/__main__.py", "web/__init__.py", "deploy/wakhan.env", "docs/deployment.md"):
        assert (target / "opt/wakhan" / name).is_file()
    assert {path.name for path in (target / "etc/systemd/system").iterdir()} == {path.name for path in UNITS}
    assert "-r requirements.txt -c constraints.txt" in (interpreter.parent / "called").read_text()


class Ready(http.server.BaseHTTPRequestHandler):
    """Plays a web process that is ready."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Tests are quiet."""


def rolled(*ports: int | str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(DEPLOY / "rolling-restart.sh"), *map(str, ports)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: the rolling restart is not tried")
def test_web_processes_are_restarted_one_by_one(tmp_path: Path) -> None:
    note = tmp_path / "restart"
    note.write_text(f'#!/bin/sh\necho "$1" >> "{tmp_path}/restarted"\n')
    note.chmod(0o755)
    with http.server.HTTPServer(("127.0.0.1", 0), Ready) as one, http.server.HTTPServer(("127.0.0.1", 0), Ready) as other:
        ports = [one.server_port, other.server_port]
        threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in (one, other)]
        for thread in threads:
            thread.start()
        done = rolled(*ports, RESTART=str(note), SETTLE="0")
        one.shutdown()
        other.shutdown()
        for thread in threads:
            thread.join()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "restarted").read_text().split() == [str(port) for port in ports]
    assert rolled(ports[0]).returncode == 2
    refused = rolled(*ports, RESTART=str(note))
    assert refused.returncode == 1 and "not ready before" in refused.stderr
    assert len((tmp_path / "restarted").read_text().split()) == 2


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: its configuration is not tried")
def test_where_no_web_process_answers_the_proxy_says_when_to_come_back(tmp_path: Path) -> None:
    public, *ports = free_ports(3)
    (tmp_path / "nginx.conf").write_text(configuration(tmp_path, public, ports), encoding="utf-8")
    proxy = subprocess.Popen(["nginx", "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")])
    try:
        ends = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", public), timeout=60).close()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < ends
                time.sleep(0.05)
        for _ in range(3):  # with both left out as well
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"http://127.0.0.1:{public}/?q=rail", timeout=60)
            with caught.value as answer:
                assert (answer.code, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (503, "5", "no-store")
                assert "Nothing can be answered" in answer.read().decode()
    finally:
        proxy.terminate()
        proxy.wait(timeout=30)
