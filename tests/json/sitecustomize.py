"""Python loads this at its start where PYTHONPATH has its directory (tests/support/add_pytest.cmake)."""
import recorder

recorder.listen()
