"""Traces in the format of OpenTelemetry, when the standard OTEL_ variables ask for them.

    switch.py   reads the variables; imports no library
    spans.py    makes spans, and exports them in the background; imports the libraries of OpenTelemetry

Each package traces its own work in a subclass: `serving/traced.py` an operation, `clearing/traced.py` a unit of work,
`database/traced.py` a statement. Only a server that traces imports them, so the others pay nothing.

A span never has a value of a request: names come from lists of this server, and attributes are codes and counts. This
package knows nothing of payments.

Decision 66 gives the reasons.
"""
