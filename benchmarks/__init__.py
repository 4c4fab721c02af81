"""Is it fast? One command measures it, beside what it must beat, in one run on one machine: `make bench`."""
