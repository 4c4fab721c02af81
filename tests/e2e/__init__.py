"""End-to-end tests: server processes, clients on the network, signals and crashes.

No test here calls the server in its own process: the tests see only what operators and clients see.
"""
