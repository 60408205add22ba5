"""Kafka itself: topics as data, their creation and checks, a broker on this machine, producers and consumers."""
