"""A real broker for the tests of this folder. Where there can be none they are skipped, but with CI=true they fail."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka.embedded import RealBroker, real_broker

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def kafka(kafka_is_here: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBroker]:
    """The one broker that the tests share. Whoever kills brokers takes `own_kafka`."""
    with real_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def own_kafka(kafka_is_here: None, tmp_path: Path) -> Iterator[RealBroker]:
    """A broker for one test, to be killed and started again at will."""
    with real_broker(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix of topics that no other test has."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[:60]}-{next(_NUMBERS)}."
