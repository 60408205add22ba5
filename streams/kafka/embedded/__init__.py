"""A Kafka for this machine, without Docker.

1. `choose_broker` takes a named broker, a real one of our own or the mock cluster, and says why.
2. `real_broker` runs Apache Kafka as a child process, from jars that Maven fetches once.
3. `mock_broker` runs librdkafka's mock cluster in the calling process.
"""

from streams.kafka.embedded.broker import Broker, BrokerError, BrokerKind, given_broker
from streams.kafka.embedded.choose import choose_broker
from streams.kafka.embedded.mock import MOCK_PARTITIONS, mock_broker
from streams.kafka.embedded.server import RealBroker, real_broker

__all__ = [
    "MOCK_PARTITIONS",
    "Broker",
    "BrokerError",
    "BrokerKind",
    "RealBroker",
    "choose_broker",
    "given_broker",
    "mock_broker",
    "real_broker",
]
