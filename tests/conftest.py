"""What every test may rely on."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples on every run, so that a red suite is red again; and no deadlines, because two cores shared with a
# broker say nothing about how long an example takes.
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
