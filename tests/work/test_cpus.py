"""Counting processors, on systems that restrict processes and on others."""

import os

import pytest

from frametrace.work.cpus import cpu_count


def test_a_restricted_process_has_fewer_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5}, raising=False)
    assert cpu_count() == 2


def test_without_that_call_all_processors_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cpu_count() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu_count() == 1
