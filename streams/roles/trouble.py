"""What a broker may say that passes by itself, and what ends a tally."""

from __future__ import annotations

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

# The group has moved on, or is about to: whoever owns the partitions now reads on from the commit before.
NOT_OURS_ANY_MORE = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._MAX_POLL_EXCEEDED,
    }
)
# A broker is away, or has just come back.
BROKER_AWAY = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._WAIT_COORD,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
    }
)
PASSING = NOT_OURS_ANY_MORE | BROKER_AWAY

log = structlog.get_logger("tally")


class TallyError(RuntimeError):
    """Something that must not be passed over: the process ends and is started again."""


def wait_out(error: KafkaError | None) -> None:
    """Waits out what passes. Raises TallyError for the rest, such as an offset that has been deleted meanwhile."""
    if error is None:
        return
    if error.fatal() or not (error.retriable() or error.code() in PASSING):
        raise TallyError(f"the broker says: {error.str()}")
    log.warning("trouble with the brokers, waiting", error=error.str())


def commit(consumer: Consumer, offsets: list[TopicPartition]) -> bool:
    """Commits; False where that failed for a passing reason. Raises TallyError for any other."""
    try:
        done = consumer.commit(offsets=offsets, asynchronous=False)
        failed = next((tp.error for tp in done if tp.error is not None), None)
    except KafkaException as error:
        failed = error.args[0]
    if failed is None:
        return True
    if failed.code() not in PASSING:
        raise TallyError(f"cannot commit: {failed.str()}")
    log.warning("commit failed: some records will be read again", error=failed.str())
    return False
