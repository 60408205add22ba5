import json
import os
import time

from kafka import KafkaProducer

brokers, prefix = os.environ.get("OUTAGES_BROKERS", "127.0.0.1:9092"), os.environ.get("OUTAGES_PREFIX", "outages.")
producer = KafkaProducer(bootstrap_servers=brokers, acks="all")

error = {"id": "8c2f", "service": "checkout", "time": time.time_ns() / 1e9, "region": "DE", "type": "http_503"}
producer.send(f"{prefix}errors", key=b"8c2f", value=json.dumps(error).encode())

report = {"reporter": "opaque-id", "service": "checkout", "time": time.time_ns() / 1e9, "symptom": "app"}
producer.send(f"{prefix}reports", key=b"opaque-id", value=json.dumps(report).encode())

producer.close()  # waits until both have arrived
