"""The Python package on the target `family` of tests/integration."""
import os

import pytest

from threadfault import Ready

pytest_plugins = ["pytester"]

FAMILY = os.environ["TARGET_FAMILY"]


@pytest.fixture
def family(threadfault_target):
    def launch(mode, **options):
        return threadfault_target([FAMILY, mode, "python"], ready=Ready(output="^ready$"), **options)
    return launch
