"""Whether the OTEL_ variables of the environment ask for traces, and whether this server can make them."""

from collections.abc import Mapping

from pocketpay.errors import PocketPayError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"


class TracesUnavailable(PocketPayError):
    """The OTEL_ variables ask for something that this server cannot do."""


def is_on(environment: Mapping[str, str]) -> bool:
    """Returns whether a server must trace: OTEL_TRACES_EXPORTER is otlp, or an endpoint of OTLP is set.

    OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none switch traces off. Raises TracesUnavailable for another
    exporter or protocol. Without this error, nobody would notice before the next incident that the traces are
    missing.
    """
    if _value(environment, "OTEL_SDK_DISABLED").lower() == "true":
        return False
    exporter = _value(environment, "OTEL_TRACES_EXPORTER").lower()
    if exporter == "none" or not (exporter or any(_value(environment, name) for name in ENDPOINTS)):
        return False
    if exporter not in ("", "otlp"):
        raise TracesUnavailable(f"OTEL_TRACES_EXPORTER is {exporter!r}: this server supports otlp and none.")
    for name in PROTOCOLS:
        protocol = _value(environment, name).lower()
        if protocol not in ("", PROTOCOL):
            raise TracesUnavailable(
                f"{name} is {protocol!r}: this server supports {PROTOCOL}, usually port 4318 of a collector."
            )
        if protocol:
            break
    return True


def _value(environment: Mapping[str, str], name: str) -> str:
    # The specification treats an empty variable as one that is not set.
    return environment.get(name, "").strip()
