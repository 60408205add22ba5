"""Fetch Kafka's jars where they are missing: `python -m streams.kafka.embedded`. Exit code 1 when it cannot."""

from __future__ import annotations

import sys

from streams.kafka.embedded.broker import BrokerError
from streams.kafka.embedded.jars import fetch_jars, jars_folder, java, kafka_version, missing_jars


def main() -> int:
    """Say what is being fetched, or why there can be no real Kafka; nothing when all is there."""
    try:
        java()
        if missing_jars(jars_folder()):
            print(f"fetching Kafka {kafka_version()} with Maven (43 MB)", flush=True)
        fetch_jars()
    except BrokerError as reason:
        print(f"no real Kafka: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
