"""Scenarios turned into event streams, and the pure core over files: no Kafka, no clock."""
