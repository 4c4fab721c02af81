"""The files it is deployed with, as far as a machine without a container engine can hold them to their word."""
