"""A seeded scheduler: tasks are greenlets, time is virtual, and only one task runs at a time.

A task runs until it sleeps or waits; then the next due task runs. Work that takes time in the real
system sleeps for a random time here, so the order of events depends only on the seed. Times are
whole microseconds, so that sums are exact.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import Executor, Future
from random import Random
from typing import Any, Generic, Protocol, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")

SECOND = 1_000_000


class Killed(BaseException):
    """The environment of this task is dead.

    It derives from BaseException, so that the package does not handle it as an error of its own.
    """


class Stuck(Exception):
    """A task waits for something that no other task will do."""


class Owner(Protocol):
    """The owner of a task: an execution environment, or a party outside."""

    name: str

    def begin(self, task: Task) -> None:
        """Prepare a new task; called in the task, before its function."""

    def enter(self, task: Task) -> None:
        """Called each time one of its tasks resumes."""

    def leave(self, task: Task) -> None:
        """Called each time one of its tasks suspends or ends."""


class Task:
    """One line of execution."""

    def __init__(self, name: str, owner: Owner, seed: int, slot: int = 0) -> None:
        self.name = name
        self.owner = owner
        self.slot = slot
        self.random = Random(f"{seed}/{name}")
        self.calls = 0
        self.wakes = 0
        self.is_done = False
        self.is_killed = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.waiters: list[Task] = []
        self.greenlet: greenlet | None = None

    @property
    def invocation(self) -> str:
        """The name of the invocation of a function that it belongs to."""
        return "/".join(self.name.split("/")[:2])


class Scheduler:
    """Runs tasks in the order of virtual time."""

    def __init__(self, seed: int, start_seconds: int) -> None:
        self.seed = seed
        self.now_us = start_seconds * SECOND
        self.current: Task | None = None
        self.tasks: list[Task] = []
        self._heap: list[tuple[int, int, int, Task]] = []
        self._count = 0
        self._main = getcurrent()
        self._until: Callable[[], bool] = lambda: False
        self.on_error: Callable[[Task, BaseException], None] | None = None

    @property
    def now(self) -> float:
        return self.now_us / SECOND

    def spawn(
        self,
        name: str,
        owner: Owner,
        function: Callable[[], Any],
        *,
        delay: float = 0.0,
        slot: int = 0,
    ) -> Task:
        """Start a task, now or after some seconds."""
        task = Task(name, owner, self.seed, slot)
        task.greenlet = greenlet(lambda: self._body(task, function), self._main)
        self.tasks.append(task)
        self._wake(task, self.now_us + round(delay * SECOND))
        return task

    def _body(self, task: Task, function: Callable[[], Any]) -> None:
        try:
            if not task.is_killed:
                task.owner.begin(task)
                task.result = function()
        except Killed as killed:
            task.error = killed
        except BaseException as error:  # noqa: BLE001 - the task that waits for this one gets it
            task.error = error
            if self.on_error is not None:
                self.on_error(task, error)
        task.is_done = True
        for waiter in task.waiters:
            self._wake(waiter, self.now_us)

    def _wake(self, task: Task, at_us: int) -> None:
        task.wakes += 1
        self._count += 1
        heapq.heappush(self._heap, (at_us, self._count, task.wakes, task))

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Run until no task is left, or ``until`` returns True."""
        self._until = until
        while (task := self._next()) is not None:
            assert task.greenlet is not None
            task.greenlet.switch()
            self._leave()

    def _next(self) -> Task | None:
        """Make the next due task the current one, or return None if the run is at its end."""
        while self._heap and not self._until():
            at_us, _, wake, task = heapq.heappop(self._heap)
            if task.is_done or wake != task.wakes:
                continue
            self.now_us = max(self.now_us, at_us)
            self.current = task
            task.owner.enter(task)
            return task
        return None

    def _leave(self) -> None:
        task, self.current = self.current, None
        if task is not None:
            task.owner.leave(task)

    def pause(self) -> None:
        """Suspend the current task until another task wakes it.

        The next due task resumes at once, without the loop of the run between them.
        """
        task = self.current
        assert task is not None
        if task.is_killed:
            raise Killed
        self._leave()
        resumed = self._next()
        if resumed is not task:
            following = self._main if resumed is None else resumed.greenlet
            assert following is not None
            following.switch()
        if task.is_killed:
            raise Killed

    def sleep(self, seconds: float) -> None:
        """Suspend the current task for some virtual seconds."""
        assert self.current is not None
        self._wake(self.current, self.now_us + max(0, round(seconds * SECOND)))
        self.pause()

    def wait(self, task: Task, seconds: float = float("inf")) -> bool:
        """Wait for the end of another task; return False if it has not ended in time."""
        current = self.current
        assert current is not None
        if not task.is_done:
            task.waiters.append(current)
            if seconds == float("inf"):
                self.pause()
            else:
                self.sleep(seconds)
                task.waiters = [one for one in task.waiters if one is not current]
        return task.is_done

    def kill(self, task: Task) -> None:
        """End a task at its current point; it has no further effect."""
        task.is_killed = True
        if not task.is_done and task is not self.current:
            self._wake(task, self.now_us)

    def end(self) -> None:
        """Kill all remaining tasks of this run."""
        for task in self.tasks:
            self.kill(task)
        self.run()


class Signal:
    """A signal that tasks wait for, with a timeout."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.waiting: list[Task] = []

    def set(self) -> None:
        waiting, self.waiting = self.waiting, []
        for task in waiting:
            if not task.is_done:
                self.scheduler._wake(task, self.scheduler.now_us)  # noqa: SLF001 - its own part

    def wait(self, seconds: float) -> None:
        task = self.scheduler.current
        assert task is not None
        if task not in self.waiting:
            self.waiting.append(task)
        self.scheduler.sleep(seconds)


class VisibleLock:
    """A lock that the scheduler controls: a task that waits for it suspends."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.holder: Task | None = None
        self.waiting: list[Task] = []

    def __enter__(self) -> bool:
        task = self.scheduler.current
        while self.holder is not None and not self.holder.is_done:
            assert task is not None
            if self.holder is task:
                raise Stuck(f"{task.name} waits for a lock that it holds itself")
            self.waiting.append(task)
            self.scheduler.pause()
        self.holder = task
        return True

    def __exit__(self, *_: object) -> None:
        self.holder = None
        waiting, self.waiting = self.waiting, []
        for task in waiting:
            self.scheduler._wake(task, self.scheduler.now_us)  # noqa: SLF001 - its own part


class VisibleFuture(Future[T], Generic[T]):
    """A future for which a task waits by suspending."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool
        self.waiters: list[Task] = []

    def _wait(self, timeout: float | None) -> None:
        scheduler = self.pool.scheduler
        until = None if timeout is None else scheduler.now_us + round(timeout * SECOND)
        while not self.done() and (until is None or scheduler.now_us < until):
            assert scheduler.current is not None
            self.waiters.append(scheduler.current)
            if until is None:
                scheduler.pause()
            else:
                scheduler.sleep((until - scheduler.now_us) / SECOND)

    def result(self, timeout: float | None = None) -> T:
        self._wait(timeout)
        return super().result(0 if timeout is not None else None)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._wait(timeout)
        return super().exception(0 if timeout is not None else None)


class Pool(Executor):
    """An executor whose threads are tasks of the scheduler, with a maximum number of workers."""

    def __init__(self, scheduler: Scheduler, owner: Owner, size: int, name: str) -> None:
        self.scheduler = scheduler
        self.owner = owner
        self.name = name
        self.free = list(range(size - 1, -1, -1))
        self.queue: list[tuple[str, VisibleFuture[Any], Callable[[], Any]]] = []
        self.live: list[Task] = []

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        parent = self.scheduler.current
        assert parent is not None
        if parent.is_killed:
            raise Killed
        future: VisibleFuture[T] = VisibleFuture(self)
        parent.calls += 1
        name = f"{parent.name}/{self.name}{parent.calls}"
        self.queue.append((name, future, lambda: fn(*args, **kwargs)))
        self._start()
        return future

    def _start(self) -> None:
        while self.free and self.queue:
            name, future, function = self.queue.pop(0)
            if not future.set_running_or_notify_cancel():
                continue
            slot = self.free.pop()
            task = self.scheduler.spawn(
                name, self.owner, self._work(future, function, slot), slot=slot + 1
            )
            self.live.append(task)

    def _work(
        self, future: VisibleFuture[Any], function: Callable[[], Any], slot: int
    ) -> Callable[[], None]:
        def work() -> None:
            try:
                result = function()
            except Killed:
                raise
            except BaseException as error:  # noqa: BLE001 - the caller of result() gets it
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                self.live = [one for one in self.live if one is not self.scheduler.current]
                self.free.append(slot)
                self._start()
                for waiter in future.waiters:
                    self.scheduler._wake(waiter, self.scheduler.now_us)  # noqa: SLF001
                future.waiters.clear()

        return work

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait, cancel_futures
