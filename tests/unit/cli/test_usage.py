"""How the command line answers when it is called wrongly."""

from __future__ import annotations

import sys

import pytest

from streams.cli.app import main


def test_without_a_command_it_prints_its_help_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["outages"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("Usage: outages")
