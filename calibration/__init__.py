"""Tools with which an engineer makes and defends thresholds."""
