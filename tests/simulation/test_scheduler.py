"""The scheduler: virtual time, tasks that take turns, and locks and pools that it controls."""

from __future__ import annotations

import pytest

from tests.simulation.scheduler import Killed, Pool, Scheduler, Signal, Stuck, Task, VisibleLock


class Somebody:
    """An owner that records nothing."""

    name = "somebody"

    def begin(self, task: Task) -> None:
        """Nothing to prepare."""

    def enter(self, task: Task) -> None:
        """Nothing to set."""

    def leave(self, task: Task) -> None:
        """Nothing to keep."""


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler(seed=1, start_seconds=100)


def test_tasks_run_in_the_order_of_virtual_time(scheduler: Scheduler) -> None:
    seen: list[tuple[str, float]] = []

    def note(name: str, seconds: float) -> None:
        scheduler.sleep(seconds)
        seen.append((name, scheduler.now))

    scheduler.spawn("slow", Somebody(), lambda: note("slow", 86_400))
    scheduler.spawn("fast", Somebody(), lambda: note("fast", 0.5), delay=2)
    scheduler.run()
    assert seen == [("fast", 102.5), ("slow", 86_500.0)]


def test_a_lock_lets_others_run_while_it_is_waited_for(scheduler: Scheduler) -> None:
    lock, seen = VisibleLock(scheduler), []

    def hold(name: str) -> None:
        with lock:
            seen.append(f"{name} in")
            scheduler.sleep(1)
            seen.append(f"{name} out")

    for name in ("a", "b"):
        scheduler.spawn(name, Somebody(), lambda name=name: hold(name))  # type: ignore[misc]
    scheduler.run()
    assert seen == ["a in", "a out", "b in", "b out"]


def test_a_lock_that_its_holder_waits_for_is_an_error(scheduler: Scheduler) -> None:
    lock = VisibleLock(scheduler)

    def twice() -> None:
        with lock, lock:
            pass

    task = scheduler.spawn("a", Somebody(), twice)
    scheduler.run()
    assert isinstance(task.error, Stuck)


def test_a_pool_runs_no_more_tasks_at_once_than_it_has_workers(scheduler: Scheduler) -> None:
    running = most = 0

    def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        scheduler.sleep(1)
        running -= 1
        return number * 2

    pool = Pool(scheduler, Somebody(), 2, "t")
    task = scheduler.spawn("a", Somebody(), lambda: list(pool.map(work, range(5))))
    scheduler.run()
    assert (task.result, most, scheduler.now) == ([0, 2, 4, 6, 8], 2, 103.0)


def test_a_killed_task_does_nothing_any_more(scheduler: Scheduler) -> None:
    seen = []

    def work() -> None:
        try:
            scheduler.sleep(10)
            seen.append("effect")
        finally:
            scheduler.sleep(1)
            seen.append("cleaned up")

    victim = scheduler.spawn("victim", Somebody(), work)
    scheduler.spawn("killer", Somebody(), lambda: scheduler.kill(victim), delay=5)
    scheduler.run()
    assert seen == []
    assert isinstance(victim.error, Killed)


def test_a_signal_wakes_who_waits_for_it_before_the_time_is_over(scheduler: Scheduler) -> None:
    signal = Signal(scheduler)

    def wait() -> float:
        signal.wait(60)
        return scheduler.now

    waiter = scheduler.spawn("a", Somebody(), wait)
    scheduler.spawn("b", Somebody(), signal.set, delay=3)
    scheduler.run()
    assert waiter.result == 103.0
