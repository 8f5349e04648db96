"""A simulated laboratory watched by the real program, through a real broker, on one clock that is moved in steps.

At each step what the simulators send by then goes to the broker; when the monitor has committed and judged all of it,
the clock goes on. So a day passes in seconds, and nothing depends on how fast the machine is: what is told at a step
would have been told then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from laboratory.beside import Stop
from laboratory.embedded import EmbeddedPart
from laboratory.stepped import TOGETHER_MAX, Sent, SteppedService
from monitor.config import Configuration
from monitor.ports.commands import Acknowledge, Shelve
from monitor.program.service import Service
from simulators.clock import SteppedClock
from simulators.course import Course
from simulators.fleet import Fleet
from simulators.network.gateway import GatewayMessage
from simulators.publish import Broker
from simulators.scenario.file import Action
from simulators.stepped import SteppedPublisher

PATIENCE_SECONDS = 60.0
_QUIET_SECONDS = 0.3
_LOOK_SECONDS = 0.0002


class SimulationError(RuntimeError):
    """The simulation itself came to a halt; it says nothing about what was simulated."""


class Simulation:
    """One run. ``broker`` is a part of :mod:`laboratory.embedded`; ``configuration`` watches the fleet's channels.

    ``actions`` happen at so many ms after the fleet's start. What a :class:`Service` would print stays unsaid.
    """

    def __init__(
        self,
        fleet: Fleet,
        configuration: Configuration,
        broker: EmbeddedPart,
        *,
        step: int,
        actions: Sequence[Action] = (),
    ) -> None:
        self.fleet = fleet
        self.course = Course(fleet)
        self.clock = SteppedClock(fleet.start_at)
        self._configuration = configuration
        self._broker = broker
        self._step = step
        self._todo = _todo(actions, fleet.start_at)
        self._service: SteppedService | None = None
        self._missed: list[Sent] = []  # while the monitor is stopped, the broker keeps what comes for it
        self._held: list[GatewayMessage] = []  # while the broker is away, gateways keep what they have
        self._is_broker_there = True
        self.messages = 0
        """How many were published."""

    @property
    def service(self) -> SteppedService:
        """The monitor; raises SimulationError while it is stopped."""
        if self._service is None:
            raise SimulationError("the monitor doesn't run")
        return self._service

    def run(
        self,
        length: int,
        *,
        on_step: Callable[[int, Service], None] = lambda at, service: None,
        stop: Stop | None = None,
    ) -> Iterator[int]:
        """Lets ``length`` ms pass; yields the instant after each step, of which the last may be shorter. Afterwards the
        monitor still runs, to be asked (:meth:`close` ends it). Raises SimulationError if the monitor or the broker
        comes to a halt."""
        messages = self.course.messages()
        coming = next(messages)
        host, port = "127.0.0.1", int(self._broker.settings["EXOSOME_MONITOR__MQTT__PORT"])
        with SteppedPublisher(Broker(host=host, port=port, client_id="laboratory")) as publisher:
            self._start()
            start = self.fleet.start_at
            for at in (*range(start, start + length, self._step), start + length):
                if stop is not None and stop.is_set():
                    return
                while coming.at <= at:
                    self._held.append(coming)
                    coming = next(messages)
                self.clock.move_to(at)
                while self._todo and self._todo[0][0] <= at:
                    self._todo.pop(0)[1](self)
                self._pass_on(publisher)
                if self._service is not None:
                    self._take_what_is_due(self._service, at)
                    on_step(at, self._service)
                yield at

    def close(self) -> None:
        """Stops the monitor."""
        if self._service is not None:
            self._service.stop()
            self._service = None

    def answer(self, action: Action) -> None:
        """Somebody acknowledges or shelves an alarm. Raises SimulationError if there is none to be answered."""
        service = self.service
        names = (action.subject, f"{self.fleet.site}/{action.subject}")
        for alarm in service.view.alarms(open_only=True):
            if alarm["condition"] == action.alarm and alarm["subject"] in names:
                break
        else:
            raise SimulationError(f"there is no open {action.alarm} of {action.subject} to {action.do}")
        try:
            service.commands.carry_out(self._command(action, alarm["id"]))
        except ValueError as error:
            text = f"{action.do} of {action.alarm} of {action.subject} was refused: {error}"
            raise SimulationError(text) from error

    def _command(self, action: Action, alarm: str) -> Shelve | Acknowledge:
        why = "as the scenario says"
        if action.do == "shelve":
            until = self.clock.now() + (action.lasting or 0)
            return Shelve(alarm=alarm, by=action.by, reason=why, until=until)
        return Acknowledge(alarm=alarm, by=action.by, reason=why)

    # --- the monitor and the broker ---

    def _start(self) -> None:
        service = SteppedService(self._configuration, self.clock, self._missed)
        self._missed = []
        self._service = service
        service.start()
        if self._is_broker_there:
            self._wait(service.source.is_subscribed, "the monitor to reach the broker")

    def _take_what_is_due(self, service: Service, at: int) -> None:
        service.writer.tick(at, service.source.connected_since())
        if service.writer.failure is not None:
            raise SimulationError(f"the monitor came to a halt: {service.writer.failure}")

    def resume(self) -> None:
        self._start()
        if self._is_broker_there:
            self._settle()

    def stop_broker(self) -> None:
        if self._broker.server is None:
            raise SimulationError(f"{self._broker.text} can't be stopped and started: install mosquitto")
        self._broker.server.stop()
        self._is_broker_there = False
        if (service := self._service) is not None:
            self._wait(lambda: service.source.connected_since() is None, "the monitor to lose the broker")

    def start_broker(self) -> None:
        if self._broker.server is not None:
            self._broker.server.start()
        self._is_broker_there = True
        if (service := self._service) is not None:
            self._wait(service.source.is_subscribed, "the monitor to come back")
            self._settle()

    # --- passing on ---

    def _pass_on(self, publisher: SteppedPublisher) -> None:
        if not self._is_broker_there or not self._held:
            return
        held, self._held = self._held, []
        for first in range(0, len(held), TOGETHER_MAX):
            self._pass_together(publisher, held[first : first + TOGETHER_MAX])

    def _pass_together(self, publisher: SteppedPublisher, messages: Sequence[GatewayMessage]) -> None:
        service, sent = self._service, [(message.topic, message.payload) for message in messages]
        if service is None:
            self._missed += sent
        else:
            service.together.expect(sent)
        try:
            publisher.publish(messages)
        except TimeoutError as error:
            raise SimulationError(str(error)) from error
        self.messages += len(messages)
        if service is not None:
            self._wait_until_taken(service)

    def _wait_until_taken(self, service: SteppedService) -> None:
        def is_taken() -> bool:
            handed_on = service.together.handed_on()
            return handed_on is not None and service.loop.taken >= handed_on

        self._wait(is_taken, "the monitor to take what was sent")

    def _settle(self) -> None:
        """After a reconnection the broker sends what it kept, and retained states again, of which nobody knows how
        many: time goes on when no more comes."""
        service = self.service
        self._wait_until_taken(service)
        count, since, quiet = -1, time.monotonic(), threading.Event()
        while time.monotonic() - since < _QUIET_SECONDS:
            if service.loop.taken != count:
                count, since = service.loop.taken, time.monotonic()
            quiet.wait(0.01)

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        began, looking = time.monotonic(), threading.Event()
        while not holds():
            trouble = None if self._service is None else self._service.loop.trouble
            if trouble is not None or time.monotonic() - began > PATIENCE_SECONDS:
                raise SimulationError(f"waited in vain for {what}" + (f": {trouble}" if trouble else ""))
            looking.wait(_LOOK_SECONDS)


def _todo(actions: Sequence[Action], start_at: int) -> list[tuple[int, Callable[[Simulation], None]]]:
    """What is to be done when, in order."""
    begin_end = {
        "restart_monitor": (Simulation.close, Simulation.resume),
        "stop_broker": (Simulation.stop_broker, Simulation.start_broker),
    }
    todo: list[tuple[int, Callable[[Simulation], None]]] = []
    for action in actions:
        at = start_at + action.at
        if action.do in begin_end:
            begin, end = begin_end[action.do]
            todo += [(at, begin), (at + (action.lasting or 0), end)]
        else:
            todo.append((at, partial(Simulation.answer, action=action)))
    return sorted(todo, key=lambda step: step[0])
