"""Fetch Kafka's jars where they are missing: `python -m streams.kafka.embedded`. Exit code 1 when it cannot."""

from __future__ import annotations

import sys

from streams.kafka.embedded.broker import BrokerError
from streams.kafka.embedded.jars import fetch_jars, java, kafka_version


def main() -> int:
    """Say in one line where Kafka lies, or why it does not."""
    try:
        java()
        print(f"Kafka {kafka_version()} lies in {fetch_jars()}")
    except BrokerError as reason:
        print(f"no real Kafka: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
