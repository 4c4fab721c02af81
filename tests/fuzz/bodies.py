"""Bodies, headers and query strings of requests: valid JSON of odd shapes, and what is not JSON."""

import gzip
import json
from urllib.parse import quote

from tests.fuzz.pool import Pool

QUERY = '"query":"{ __typename }"'
DEEP = 100_000

BODIES = (
    *(b"", b" ", b"null", b"1", b'"x"', b"[]", b"{}", b"[{}]", b"true", b"NaN", b"Infinity", b"-", b"{", b"}", b"\0"),
    *(b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP, b'{"query":' * 50_000 + b"1" + b"}" * 50_000),
    b"{%s}" % ",".join([QUERY] * 1_000).encode(),
    b'{"query":"{ __typename }","query":1}',
    b'{"query":1,"query":"{ __typename }"}',
    b'{"query":"{ __typename }","variables":{"a":1,"a":{"b":[1]}}}',
    b'{"query":"{ __typename }","variables":{"a":%s}}' % (b"9" * 60_000),
    b'{"query":"{ __typename }","variables":{"a":1e%s}}' % (b"9" * 5_000),
    b'{"query":"{ __typename }","variables":{"a":1e999,"b":-1e999,"c":0.%s}}' % (b"0" * 60_000),
    b'{"query":"{ __typename }","variables":%s}' % (b"[" * 60_000),
    b'{"query":"{ __typename }","variables":{"a":%s1%s}}' % (b"[" * 900, b"]" * 900),
    b'{"query":"{ __typename }","variables":{"\\ud800":"\\udfff"}}',
    b'{"query":"\\ud83d\\ude00"}',
    b'{"query":"{ __typename \\u0000 }"}',
    b'{"query":"{ a\\ud800b }"}',
    b'\xef\xbb\xbf{"query":"{ __typename }"}',
    '{"query":"{ __typename }"}'.encode("utf-16"),
    '{"query":"{ __typename }"}'.encode("utf-32"),
    b'{"query":"# \xe9\\n{ __typename }"}',
    gzip.compress(b'{"query":"{ __typename }"}'),
    b"query=%7B__typename%7D",
    b"--x\r\nContent-Disposition: form-data; name=operations\r\n\r\n{}\r\n--x--",
    b'[{"query":"{ __typename }"},{"query":"{ __typename }"}]',
    b'{"query":"%s"}' % (b"{a" * 900 + b"}" * 900),
    b'{"query":"{ __typename %s }"}' % (b"@skip(if:false)" * 300),
    b'{"query":"{ node(id: %s) { id } }"}' % (b"[" * 900),
    b'{"query":"{ node(id: %s) { id } }"}' % (b"9" * 10_000),
    b'{"query":"{ transactions(first: 1e99999) { totalCount } }"}',
    b'{"query":"{ withdrawalQuote(amount: 1e999999999, speed: STANDARD) { fee { amount } } }"}',
    b'{"documentId":"x"}',
    b'{"id":"x"}',
    b'{"doc_id":["x"]}',
    b'{"documentId":{"a":1}}',
    b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%s"}}}' % (b"a" * 64),
    b'{"extensions":{"persistedQuery":[]}}',
    b'{"extensions":{"persistedQuery":{"version":"1","sha256Hash":5}}}',
    b'{"query":"{ __typename }","extensions":"x"}',
    b'{"query":"{ __typename }","operationName":{}}',
    b'{"query":"{ __typename }","operationName":"%s"}' % ("é" * 1_000).encode(),
)
"""Bodies that are not usual."""

HEADERS = (
    b"Accept: text/html",
    b"Accept: application/graphql-response+json",
    b"Accept: */*;q=0, application/json;q=x",
    b"Accept: " + b",".join([b"a/b;q=0.5"] * 500),
    b"Accept: \xff\xfe",
    b"Content-Type: text/plain",
    b"Content-Type: application/json; charset=utf-16",
    b"Content-Type: \xe9",
    b"Content-Encoding: gzip",
    b"Content-Encoding: identity",
    b"Authorization: Bearer " + b"x" * 8_000,
    b"Authorization: Bearer \xff\xff",
    b"Authorization: Basic YTpi",
    b"Authorization: Bearer a.b.c",
    b"Authorization: Bearer eyJhbGciOiJub25lIn0.e30.",
    b"Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.W10.x",
    b"X-Request-Id: " + b"r" * 65,
    b"X-Request-Id: a\tb",
    b"X-Forwarded-For: ::::",
    b"Origin: null",
    b"Origin: http://[::1",
    b"Origin: \xff",
    b"Cookie: " + b"a=b; " * 500,
    b"Cookie: __Host-refresh=\xff; =; ;;",
    b"Expect: 100-continue",
    b"x-pocketpay-cost: 1",
    b"Host: other",
    b"Range: bytes=0-0,1-1",
    b"If-None-Match: *",
)

PATHS = (
    *(b"/", b"/graphql/", b"/graphql%2f", b"/GRAPHQL", b"/%00", b"/%ff", b"/healthz", b"/readyz", b"/metrics"),
    *(b"/schema.graphql", b"/explorer/mails", b"/explorer/../../etc/passwd", b"/explorer/%2e%2e/%2e%2e/etc/passwd"),
    *(
        b"/statements/2026-01.csv",
        b"/statements/2026-01.csv?token=x",
        b"/statements/%00.csv?token=a.b.c&x=" + b"1" * 900,
    ),
    *(b"/statements/9999-99.csv?wallet=x&expires=99999999999999999999&signature=%ff", b"/" + b"a" * 8_000, b"//"),
    *(b"*", b"http://other/graphql", b"/graphql?query=%7B__typename%7D", b"/graphql?query", b"/graphql?%ff=%ff"),
)
METHODS = (b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"PATCH", b"TRACE", b"CONNECT", b"BREW", b"get")


def body(pool: Pool) -> bytes:
    """An odd body: one of BODIES, or an object with members of any type."""
    chance = pool.random
    if chance.random() < 0.4:
        return bytes(pool.pick(BODIES))
    members = {
        name: pool.json(3) for name in ("query", "variables", "operationName", "extensions", "id") if pool.odd()
    }
    if chance.random() < 0.5:
        members["query"] = pool.pick(
            ("{ __typename }", "{ viewer { id } }", "query ($v: ID!) { node(id: $v) { id } }")
        )
        members["variables"] = {"v": pool.json(3)} if chance.random() < 0.6 else pool.json(3)
    return json.dumps(members, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def query_string(pool: Pool) -> bytes:
    """A query string with any parameters, some twice."""
    parts = []
    for _ in range(pool.random.randrange(6)):
        name = str(pool.pick(("query", "variables", "operationName", "extensions", "documentId", "x", "")))
        value = pool.pick(("{ __typename }", "mutation { signOut { revoked } }", *TEXTLIKE))
        raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        parts.append(f"{name}={quote(raw)}")
    return "&".join(parts).encode()[:8_000]


TEXTLIKE = (*BODIES[:24], "{", "[]", "\ud800", "é", "%", b"\xff", '{"a":' * 500, "9" * 5_000)
"""Values of the parameters of a query string."""
