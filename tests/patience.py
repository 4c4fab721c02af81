"""How long tests wait for what must happen. A longer wait costs a test nothing when it passes, and a machine that is
busy enough takes many seconds for anything. Bounds that a test proves are constants of that test."""

PATIENCE_SECONDS = 60.0
