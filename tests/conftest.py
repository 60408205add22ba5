"""What every test may rely on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from streams.kafka.embedded import BrokerError
from streams.kafka.embedded.jars import fetch_jars, java

# The same examples on every run, so that a red suite is red again; and no deadlines, because two cores shared with a
# broker say nothing about how long an example takes.
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# Under nohup, or in the background of a script, signals come ignored, and so they would to every process that a test
# starts and stops. Here they have their usual meaning, wherever the suite runs.
for _number, _usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


ROOT = Path(__file__).parent.parent
DEMOS = ("test_demo.py", "test_wheel.py")  # each starts a broker and all roles of its own, by turns


@pytest.fixture(scope="session")
def kafka_is_here() -> None:
    """Java and the jars are there."""
    try:
        java()
        fetch_jars()
    except BrokerError as reason:
        if os.environ.get("CI") in ("true", "1"):
            pytest.fail(f"CI needs a real Kafka: {reason}")
        pytest.skip(f"no real Kafka: {reason}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deals tests out to two processes: one has the broker and what is killed under it, the other all the rest.

    Tests of a module stay together, since they share what is costly to set up.
    """
    for item in items:
        file = item.path.relative_to(ROOT)
        apart = file.parts[:2] in (("tests", "kafka"), ("tests", "bench")) and file.name not in DEMOS
        group = "kafka" if apart else "demo" if file.name in DEMOS else str(file)
        item.add_marker(pytest.mark.xdist_group(group))
