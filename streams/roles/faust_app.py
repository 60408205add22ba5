"""Building and running a Faust app: the settings that make it exact."""

from __future__ import annotations

import logging
from pathlib import Path

import faust

from streams.settings import Settings

# The modules of aiokafka that write into the log; a filter holds for one logger, not for those below it.
AIOKAFKA_LOGGERS = (
    "aiokafka",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


def faust_app(role: str, settings: Settings, directory: Path) -> faust.App:
    """An app called `<prefix><role>`, which is its group and the first part of its changelog's name."""
    directory.mkdir(parents=True, exist_ok=True)  # Faust makes its own folder, but not the ones above it
    return faust.App(
        settings.topic(role),
        broker=[f"kafka://{broker}" for broker in settings.broker_list],
        datadir=str(directory),
        store="memory://",
        # Topics are made beforehand with their settings; declaring needs a controller, which a mock cluster has not.
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,  # Faust's own server listens on every address and shows tables
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_max_request_size=8 * 1024 * 1024,
        consumer_max_fetch_size=8 * 1024 * 1024,
        stream_buffer_maxsize=256,  # records of up to 512 kB each: enough to stay busy, little enough to hold
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_max_poll_interval=300.0,
        stream_wait_empty=False,  # what is unacknowledged waits for a snapshot, not for a rebalance
        broker_commit_interval=1.0,
        worker_redirect_stdouts=False,
        loghandlers=[],
    )


class Seldom(logging.Filter):
    """Lets each kind of message of a logger through once in SAID_AGAIN_S; aiokafka says some thirty times a second that
    a broker is away."""

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = str(record.msg)  # before its values are put in
        before_s = self._said_s.get(kind)
        if before_s is not None and record.created - before_s < SAID_AGAIN_S:
            return False
        self._said_s[kind] = record.created
        return True


SAID_AGAIN_S = 10.0


def run_app(app: faust.App) -> None:
    """Runs until SIGTERM or SIGINT. Exits the process non-zero when a service of Faust's crashed."""
    for module in AIOKAFKA_LOGGERS:
        logging.getLogger(module).addFilter(Seldom())
    worker = faust.Worker(app, loglevel=logging.WARNING, quiet=True, redirect_stdouts=False)
    worker.spinner = None  # it writes cursor movements into log files
    worker.execute_from_commandline()
