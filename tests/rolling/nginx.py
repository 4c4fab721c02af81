"""nginx in front of servers, with the configuration that docs/operations.md recommends."""

import asyncio
import os
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
START_SECONDS = 20.0

MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    log_format statuses '$status';
    access_log {folder}/access.log statuses;
    {site}
}}
"""
"""The nginx.conf of a packaged nginx, with all files in its own folder."""


class NoNginx(Exception):
    """nginx is not installed. The message says how to install it."""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx at `url`."""

    url: str
    folder: Path

    def statuses(self) -> Counter[str]:
        """Returns the number of responses by status."""
        return Counter((self.folder / "access.log").read_text().split())

    def complaints(self) -> list[str]:
        """Returns the lines of the error log, except those about a connection that a stopped server refused."""
        lines = (self.folder / "error.log").read_text().splitlines()
        return [line for line in lines if "Connection refused" not in line and "[notice]" not in line]


def site(ports: Iterable[int], port: int) -> str:
    """Returns the configuration of the page, with our addresses in place of its examples."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("```nginx\n")
    text, _, _ = rest.partition("```")
    servers = "\n".join(f"    server 127.0.0.1:{one} max_fails=0;" for one in ports)
    lines = [line for line in text.splitlines() if not line.startswith("    server ") and "ssl_" not in line]
    plain = "\n".join(lines).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    assert plain.count("upstream pocketpay {") == plain.count(f"listen 127.0.0.1:{port};") == 1
    return plain.replace("upstream pocketpay {", f"upstream pocketpay {{\n{servers}")


@asynccontextmanager
async def nginx(folder: Path, ports: Iterable[int]) -> AsyncIterator[Nginx]:
    """Runs nginx in front of the servers at these ports of this machine. Raises NoNginx."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise NoNginx("nginx is not installed. Install it, for example with `apt-get install nginx-light`.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = _written(folder, site(ports, port))
    process = await asyncio.create_subprocess_exec(program, "-p", str(folder), "-c", str(configuration))
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _listens(port):
                assert process.returncode is None, "nginx did not start; its output is above"
                await asyncio.sleep(0.02)
        yield Nginx(f"http://127.0.0.1:{port}", folder)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _written(folder: Path, site: str) -> Path:
    folder.mkdir()
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(user + MAIN.format(folder=folder, site=site), encoding="utf-8")
    return configuration


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True
