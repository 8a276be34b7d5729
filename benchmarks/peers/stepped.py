"""The library's own training loop, halted at the end of each step.

`Trainer.train` runs in a thread and its callback waits there until the next step is asked for: so
what is timed is the real loop (data loading, clipping, optimizer, schedule, bookkeeping), without
its set-up, and other contestants can have their turn in between. Needs `transformers` alone, of
any version, so that it serves in an environment of its own too.
"""

import threading
from typing import Any

import torch
from transformers import Trainer, TrainerCallback


class SteppedTraining:
    """A `Trainer` that makes a step when it is told to; the first is made on construction."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.failure: BaseException | None = None
        self.stopping = False
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        trainer.add_callback(_Halt(self))
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()
        self._wait()

    def step(self) -> None:
        """Make one step.

        Raises:
            RuntimeError: the training failed or came to its end.
        """
        self._go.release()
        self._wait()

    def close(self) -> None:
        """Let the training end."""
        self.stopping = True
        self._go.release()
        self._thread.join()

    def halt(self) -> None:
        """In the training's thread: a step is done, wait for the next to be asked for."""
        self._done.release()
        self._go.acquire()

    def _train(self) -> None:
        torch.set_num_threads(1)  # OpenMP counts the threads of each thread apart
        try:
            self.trainer.train()
        except BaseException as error:
            self.failure = error
        self.stopping = True
        self._done.release()

    def _wait(self) -> None:
        self._done.acquire()
        if self.stopping:
            raise RuntimeError("the library's training has ended") from self.failure


class _Halt(TrainerCallback):
    def __init__(self, stepped: SteppedTraining) -> None:
        self.stepped = stepped

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.stepped.halt()
        control.should_training_stop |= self.stepped.stopping
