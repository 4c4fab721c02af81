"""Traces in the format of OpenTelemetry, when the standard OTEL_ variables ask for them.

    switch.py   reads the variables; imports no library
    spans.py    makes spans, and exports them in the background; imports the libraries of OpenTelemetry

Subclasses make the spans: in `serving/traced.py` of operations, in `clearing/traced.py` of units of work, in
`database/traced.py` of statements. Only a server that traces imports these modules, so other servers pay nothing.

A span never contains a value of a request: its name comes from a list of this server, and its attributes are codes
and counts. This package must not depend on payments.

Decision 66 gives the reasons.
"""
