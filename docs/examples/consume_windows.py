import json
import os

from kafka import KafkaConsumer

brokers, prefix = os.environ.get("OUTAGES_BROKERS", "127.0.0.1:9092"), os.environ.get("OUTAGES_PREFIX", "outages.")
newest: dict[str, int] = {}
for record in KafkaConsumer(f"{prefix}windows", bootstrap_servers=brokers, auto_offset_reset="earliest"):
    window = json.loads(record.value)["data"]
    if window["revision"] > newest.get(window["window"], 0):  # after a restart a revision may come again, the same
        newest[window["window"]] = window["revision"]
        print(window["time"], window["service"], window["change"], window["severity"], window["cause"]["verdict"])
