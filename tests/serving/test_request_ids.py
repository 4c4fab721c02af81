"""The ids of requests that have no id of their own."""

import os
import re

from pocketpay.serving import request_ids


def test_no_id_is_used_twice_not_even_by_a_forked_process() -> None:
    first = request_ids.new()
    end, out = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(out, "".join(request_ids.new() for _ in range(20)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    forked = re.findall(".{24}", os.read(end, 20 * 24).decode())
    os.close(end)
    os.close(out)
    ids = [first, *forked, *(request_ids.new() for _ in range(1_000))]
    assert len(set(ids)) == 1_021
    assert all(re.fullmatch("[0-9a-f]{24}", id) for id in ids)
