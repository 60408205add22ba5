"""How every librdkafka client of ours is set up. What a client has to say goes to our log, not to the terminal."""

from __future__ import annotations

from typing import Any

import structlog
from confluent_kafka import KafkaError

log = structlog.get_logger("kafka")

_said: dict[str, str] = {}


def client_config(brokers: str, **config: Any) -> dict[str, Any]:
    """A configuration for librdkafka; keys with underscores for its dots (`group_id` is `group.id`)."""
    return {
        "bootstrap.servers": brokers,
        "log_level": 0,  # it writes to stderr by itself, once per connection and attempt
        "error_cb": _tell,
        **{name.replace("_", "."): value for name, value in config.items()},
    }


def _tell(error: KafkaError) -> None:
    """Each kind of trouble once, until another one comes."""
    if _said.get("last") != error.name():
        _said["last"] = error.name()
        log.info("librdkafka says", error=error.str())
