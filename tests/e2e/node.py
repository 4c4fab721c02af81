"""Finds this machine's Node.js, for tests of JavaScript code."""

import shutil
import subprocess

import pytest

NODE = [shutil.which("node") or "", "--no-warnings", "--experimental-websocket"]


def _node_speaks_websocket() -> bool:
    asked = [*NODE, "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"]
    return bool(NODE[0]) and subprocess.run(asked, check=False, capture_output=True).returncode == 0


needs_node = pytest.mark.skipif(not _node_speaks_websocket(), reason="no Node.js that has WebSocket")
