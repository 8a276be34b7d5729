"""On a test's PYTHONPATH: every wait lasts a fiftieth, those of the hub's client too."""

import time

SLEEP = time.sleep


def hurried(seconds: float) -> None:
    """Sleep, a fiftieth as long."""
    SLEEP(seconds / 50)


time.sleep = hurried
