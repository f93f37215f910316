"""One environment: its state and its run."""

import asyncio
import contextlib
import logging
from typing import Final

from vibebox_tui.protocol.messages import EnvironmentStatus
from vibebox_tui.protocol.models import Environment
from vibebox_tui.server.environment_log import EnvironmentAudience, EnvironmentLog
from vibebox_tui.server.errors import (
    ConflictError,
    EnvironmentNotFoundError,
    RuntimeAwayError,
    ServerError,
    StartCalledOffError,
    StoreError,
)
from vibebox_tui.server.runtimes.base import Exit, Run, Runtime
from vibebox_tui.server.sampler import Sampler
from vibebox_tui.server.states import NEXT, SETTLED, State
from vibebox_tui.server.store import Store

_LONGEST_RETRY_PAUSE: Final = 30.0
"""Seconds between two starts of what can't be started now; the first pause is one second."""

_LONGEST_REASON: Final = 2_000
"""Characters of why something didn't start; it may name a command of a MiB, and goes to everybody
in a status, which has to fit a message."""

_log = logging.getLogger(__name__)

STOP_RETRY_SECONDS: Final = 2.0
"""Until a runtime that couldn't stop something, being busy say, is asked again."""


class EnvironmentLife:
    """Starts, follows and stops one environment, and keeps its status true."""

    def __init__(
        self,
        environment: Environment,
        store: Store,
        runtime: Runtime,
        audience: EnvironmentAudience,
        sampler: Sampler,
    ) -> None:
        self.environment = environment
        self.message: str | None = environment.last_error
        self.log = EnvironmentLog(environment.id, store, audience, self._note)
        self._store = store
        self._runtime = runtime
        self._audience = audience
        self._sampler = sampler
        self._run: Run | None = None
        self._follower: asyncio.Task[None] | None = None
        self._starter: asyncio.Task[None] | None = None
        self._stopper: asyncio.Task[None] | None = None
        self._canceller: asyncio.Task[None] | None = None
        self._retrier: asyncio.Task[None] | None = None
        self._retries = 0
        self._start_again = False
        self._look_again = False
        self._recovering = asyncio.Lock()
        self._settled = asyncio.Event()
        self._settled.set()
        self.is_leaving = False
        """Whether it is being deleted: nothing of it may begin any more."""

    @property
    def state(self) -> State:
        """The present state."""
        return State(self.environment.status)

    @property
    def status(self) -> EnvironmentStatus:
        """The newest status, with the newest sample where it runs."""
        usage = self._sampler.latest(self.environment.id)
        return EnvironmentStatus(
            environment_id=self.environment.id,
            status=self.environment.status,
            message=self.message,
            cpu_usage=usage.cpu,
            memory_usage=usage.memory,
            container_id=self.environment.container_id,
        )

    # --- what can be done

    async def recover(self) -> None:
        """Take up what runs and wasn't started by us, or say that it is lost."""
        if self._is_starting:
            return
        async with self._recovering:
            if self._run is not None or self._is_starting:
                self._look_again = self._run is not None  # another may follow it at once
                return
            try:
                run = await self._runtime.recover(self.environment, self.log)
            except RuntimeAwayError as error:
                await self._lose(str(error))
                return
            if run is not None:
                await self._find(run)
            elif self.state not in (State.STOPPED, State.ERROR):
                await self._lose("it ran when the server went down, and ended while nobody watched")

    async def start(self) -> None:
        """Start it, to the end even if who asked goes. Raises ConflictError, StartFailedError."""
        if self.is_leaving:
            raise EnvironmentNotFoundError(self.environment.id)
        if self.state not in (State.STOPPED, State.ERROR):
            raise self._refusal("started")
        self._try_no_more()
        self._starter = asyncio.create_task(self._start(), name="start of an environment")
        await asyncio.shield(self._starter)

    async def stop(self, grace: float) -> None:
        """Begin to stop it, or call off its start, also one that is to follow by itself.

        Raises ConflictError.
        """
        if self.state is State.STARTING and self._starter is not None:
            self._call_off(self._starter, grace)
            return
        if self._try_no_more():
            self.environment.last_error = None
            await self._enter(State.STOPPED, "stopped before it ran")
            return
        if self.state is not State.RUNNING or self._run is None:
            raise self._refusal("stopped")
        run = self._run
        # The task first: a run that ends meanwhile is one that was stopped.
        self._stopper = asyncio.create_task(self._stop(run, grace), name="stop of an environment")
        await self._enter(State.STOPPING, "stopping")

    async def restart(self, grace: float) -> None:
        """Stop it where it runs, and start it. Raises ConflictError, StartFailedError."""
        if self.state in (State.STOPPED, State.ERROR):
            await self.start()
        elif self.state is State.RUNNING:
            self._start_again = True
            await self.stop(grace)
        else:
            raise self._refusal("restarted")

    async def settled(self) -> None:
        """Wait until it is neither starting nor stopping."""
        await self._settled.wait()

    async def end(self, grace: float) -> None:
        """Have it stopped, whatever it is doing; returns when it is."""
        self._start_again = False
        self._try_no_more()
        self._runtime.call_off(self.environment)
        await self.settled()
        if self._starter is not None:
            await asyncio.wait([self._starter])  # so that who started it hears how that ended
        if self.state is State.RUNNING:
            with contextlib.suppress(ConflictError):
                await self.stop(grace)
            await self.settled()

    async def leave(self) -> None:
        """Let go of it; what runs goes on."""
        for task in (
            self._retrier, self._starter, self._canceller, self._stopper, self._follower
        ):  # fmt: skip
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ServerError):
                    await task
        if self._run is not None:
            await self._run.leave()
        await self._sampler.forget(self.environment.id)

    def look_at_limits(self) -> None:
        """Say in the environment what of its limits can't be held."""
        self.environment.limits_note = self._runtime.limits_note(self.environment)

    async def save(self) -> None:
        """Keep it as it is now. Raises StoreError."""
        await self._store.save_environment(self.environment)

    @property
    def _is_starting(self) -> bool:
        return self._starter is not None and not self._starter.done()

    def announce(self) -> None:
        """Tell who watches the newest status."""
        self._audience.broadcast_environment_status(self.status)

    # --- its course

    async def _start(self) -> None:
        async with self._recovering:  # what is being looked for mustn't change meanwhile
            await self._start_alone()

    async def _start_alone(self) -> None:
        self.environment.last_error = None
        await self._enter(State.STARTING, "starting")
        try:
            self._runtime.check(self.environment)
            run = await self._runtime.start(self.environment, self.log)
            self.look_at_limits()  # some runtimes know only now
        except StartCalledOffError:
            await self._enter(State.STOPPED, "stopped before it ran")
            raise
        except ServerError as error:
            reason = str(error)[:_LONGEST_REASON]
            reason = f"{reason}; it is tried again by itself" if error.passes else reason
            self.environment.last_error = reason
            await self._enter(State.ERROR, reason)
            if error.passes:
                self._retrier = asyncio.create_task(self._try_again(), name="another start")
            raise
        self._take(run)
        await self._enter(State.RUNNING, None)

    async def _try_again(self) -> None:
        """Start it later, as was asked for: what was in the way may have passed by then."""
        pause = min(2.0**self._retries, _LONGEST_RETRY_PAUSE)
        self._retries += 1
        await asyncio.sleep(pause)
        self._retrier = None  # it isn't to cancel itself
        if self.state is State.ERROR:
            with contextlib.suppress(ServerError):
                await self.start()

    def _try_no_more(self) -> bool:
        """Leave it at that; whether it was to be tried again."""
        retrier, self._retrier = self._retrier, None
        if retrier is None or retrier.done():
            return False
        retrier.cancel()
        return True

    def _take(self, run: Run) -> None:
        self._try_no_more()
        self._retries = 0
        self._run = run
        self._look_again = False
        self.environment.started_at = run.started_at
        self.environment.container_id = run.container_id
        self._follower = asyncio.create_task(self._follow(run), name="an environment's run")
        self._sampler.watch(self.environment.id, run, self.announce)

    def _call_off(self, starter: asyncio.Task[None], grace: float) -> None:
        """End a start as soon as it can be, and what it has started where that was too late."""
        self._note("stopping before it runs")
        self._runtime.call_off(self.environment)

        async def stop_what_runs() -> None:
            await asyncio.wait([starter])
            with contextlib.suppress(ConflictError):
                await self.stop(grace)

        if self._canceller is None or self._canceller.done():
            self._canceller = asyncio.create_task(stop_what_runs(), name="a start is called off")

    async def _stop(self, run: Run, grace: float) -> None:
        """Have it end; one whose runtime was asked in vain is asked again, until it has ended or
        is lost from sight.
        """
        over = asyncio.ensure_future(run.wait())
        try:
            while not over.done():
                try:
                    await run.stop(grace)
                except TimeoutError:
                    _log.error("environment %s doesn't end, even by SIGKILL", self.environment.id)
                except ServerError as error:
                    _log.warning("the stop of environment %s: %s", self.environment.id, error)
                    await asyncio.wait([over], timeout=STOP_RETRY_SECONDS)
                    continue
                return
        finally:
            over.cancel()
            await asyncio.gather(over, return_exceptions=True)

    async def _follow(self, run: Run) -> None:
        """Wait for the end of the run and say what it was."""
        end: Exit | None
        try:
            end, reason = await run.wait(), ""
        except RuntimeAwayError as error:
            end, reason = None, str(error)
        if self._stopper is not None:
            await asyncio.wait([self._stopper])
        if self._starter is not None:  # it may end before we could say that it ran
            await asyncio.wait([self._starter])
        await self._sampler.forget(self.environment.id)
        asked, self._stopper = self._stopper is not None, None
        self._run = None
        self._follower = None
        if end is None:
            self._start_again = False
            await self._lose(reason)
        else:
            await self._conclude(end, asked)
            if self._look_again:
                await self.recover()

    async def _find(self, run: Run) -> None:
        """It runs, and always did or was started by somebody else."""
        self.environment.status = State.RUNNING
        self.environment.last_error = self.message = None
        self._settled.set()
        self._take(run)
        self.announce()
        await self._save()

    async def _lose(self, reason: str) -> None:
        """It can't be seen any more; it may be found again."""
        if self.state is State.STOPPED:
            return
        self.environment.status = State.ERROR
        self.environment.last_error = self.message = reason
        self._settled.set()
        self.announce()
        await self._save()

    def _note(self, message: str | None) -> None:
        if self.state in (State.STARTING, State.RUNNING) and message != self.message:
            self.message = message
            self.announce()

    async def _conclude(self, end: Exit, asked: bool) -> None:
        if asked or end.asked or end.code == 0:
            finished = end.reason if end.asked else "finished, exit code 0"
            await self._enter(State.STOPPED, "stopped" if asked else finished)
        else:
            self.environment.last_error = end.reason
            await self._enter(State.ERROR, end.reason)
        if not self._start_again:
            self._settled.set()
            return
        self._start_again = False
        try:
            await self.start()
        except ServerError as error:
            _log.warning("environment %s: %s", self.environment.id, error)

    async def _enter(self, state: State, message: str | None) -> None:
        if state not in NEXT[self.state]:
            raise self._refusal(state)
        self.environment.status = state
        self.message = message
        if state in SETTLED and not self._start_again:
            self._settled.set()
        else:
            self._settled.clear()
        self.announce()
        await self._save()

    async def _save(self) -> None:
        """Keep the status; one that can't be kept is still true, and found anew at a restart."""
        try:
            await self.save()
        except StoreError as error:
            _log.error("the status of environment %s: %s", self.environment.id, error)

    def _refusal(self, verb: str) -> ConflictError:
        return ConflictError(
            f"{self.environment.name} is {self.state} and can't be {verb} now",
            environmentId=self.environment.id,
            status=str(self.state),
        )
