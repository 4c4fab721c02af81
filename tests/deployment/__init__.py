"""Tests of the deployment files, as far as they are possible without a container engine."""
