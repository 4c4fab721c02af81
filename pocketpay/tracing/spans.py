"""Spans: their parents and links, and their export in the background.

    a span ends ─► a queue of OTEL_BSP_MAX_QUEUE_SIZE ─► a thread sends batches to the collector

A collector that is slow, down or answers with an error delays only the thread. When the queue is full, the oldest
spans are dropped.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from os import environ

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace import Span as Span
from opentelemetry.trace import SpanContext as SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

CLOSE_SECONDS = 1.0
"""How long a server that ends waits at most until its last spans are sent."""

Attributes = Mapping[str, str | int | Sequence[str]]

_W3C = TraceContextTextMapPropagator()
_EMPTY = Context()
_POSTGRESQL = {"db.system.name": "postgresql"}

_caller: ContextVar[Context] = ContextVar("caller", default=_EMPTY)
"""The span of the client that sent the request of this task, or no span."""


class Traces:
    """Makes the spans of a server, and exports them until it closes."""

    def __init__(self) -> None:
        named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        resource = {"service.version": version("pocketpay"), **({} if named else {"service.name": "pocketpay"})}
        # The library reads the sampler, the limits, the resource, the endpoint and the headers from the environment.
        self._processor = BatchSpanProcessor(OTLPSpanExporter())
        provider = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        self.tracer = provider.get_tracer("pocketpay")

    def close(self) -> None:
        """Sends the spans that are left, for at most CLOSE_SECONDS."""
        closing = threading.Thread(target=self._processor.shutdown, name="closing traces", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    @contextmanager
    def operation(self, name: str, attributes: Attributes) -> Iterator[Span]:
        """Makes the span of an operation. Its parent is the caller of this task, see `set_caller`."""
        with self.tracer.start_as_current_span(
            name,
            _caller.get(),
            SpanKind.SERVER,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span

    @contextmanager
    def unit(self, name: str, operations: Sequence[SpanContext], attributes: Attributes) -> Iterator[Span | None]:
        """Makes the span of a unit of work for these operations: linked with each, and a child of the first one.

        Yields None when none of the operations is recorded.
        """
        recorded = [one for one in operations if one.trace_flags.sampled]
        if not recorded:
            yield None
            return
        parent = trace.set_span_in_context(trace.NonRecordingSpan(recorded[0]), _EMPTY)
        with self.tracer.start_as_current_span(
            name,
            parent,
            SpanKind.INTERNAL,
            attributes,
            [Link(one) for one in recorded],
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span

    def statement(self, name: str) -> Span | None:
        """Starts the span of a statement within the current span; the caller ends it.

        Returns None without a current span: the background work of a server is not traced.
        """
        if not trace.get_current_span().is_recording():
            return None
        return self.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=_POSTGRESQL)


def failed(span: Span, code: str) -> None:
    """Marks the span as failed. An error's message may repeat a value, so only its code is kept."""
    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR)


def current() -> SpanContext:
    """Returns the context of the current span; it is not valid when there is none."""
    return trace.get_current_span().get_span_context()


def set_caller(traceparent: str | None, tracestate: str | None) -> None:
    """Sets the caller of the operations of this task, from the headers of W3C Trace Context."""
    if traceparent is None:
        _caller.set(_EMPTY)
        return
    carrier = {"traceparent": traceparent, **({} if tracestate is None else {"tracestate": tracestate})}
    _caller.set(_W3C.extract(carrier, _EMPTY))
