"""The reference backend that Pocket Pay replaces, made runnable for comparison. Its defects are kept as they are."""
