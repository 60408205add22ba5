"""Baselines from history, so that a new installation judges from its first minute.

1. counts out of files (`csv_files`) or of a Prometheus (`prometheus`), each for a span of time
2. `past.Past` gathers them by series as the detector has them: ten-minute slots, the whole service out of its regions
3. `Past.records` are the `History` records that detect takes from `tallies`
"""
