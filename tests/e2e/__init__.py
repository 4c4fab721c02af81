"""The whole product, from outside: server processes, clients on the network, signals and crashes.

Nothing here imports the server to ask it: what is proved is what an operator and a client meet.
"""
