"""Group commit: write blocks take turns on one connection and share a flush of the disk.

Decision: a flush costs about 250 microseconds, a statement 5. So blocks run one after another inside one open
transaction, each in a savepoint of its own; the first that is left puts a COMMIT into the queue, behind the blocks that
come within the same step of the event loop and before those that come later. While it runs, the next group gathers. The
size of a group so follows the load by itself: a lone writer commits at once, many share a flush. No timer, no setting.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar
from functools import partial
from types import TracebackType

from clary.state.database import Transaction, Unavailable


class BlockTransaction(Transaction):
    """A transaction of one write block: a savepoint within the group's."""

    def __init__(self) -> None:
        self.open = True
        self.callbacks: list[Callable[[], None]] = []

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the transaction is durable."""
        self.callbacks.append(callback)

    def check_open(self) -> None:
        """Refuse a statement after the end of the block.

        Raises:
            RuntimeError: the block has been left.
        """
        if not self.open:
            raise RuntimeError("the write block of this transaction has been left")


class Session(ABC):
    """The one connection that writes, as a group commit drives it. Only `commit` waits."""

    @abstractmethod
    def begin(self) -> None:
        """Begin the group's transaction."""

    @abstractmethod
    def enter(self) -> BlockTransaction:
        """Set a savepoint and return the transaction of the block that begins."""

    @abstractmethod
    def keep(self) -> None:
        """Release the savepoint: what the block did now belongs to the group."""

    @abstractmethod
    def undo(self) -> None:
        """Roll back to the savepoint and release it."""

    @abstractmethod
    def abandon(self) -> None:
        """Roll back the group's transaction, if it is open still. Never raises."""

    @abstractmethod
    def commit(self) -> Awaitable[None]:
        """Make the group durable. When it raises, the transaction is over and nothing of it was kept."""


class _Group:
    """The blocks that were left and wait for one COMMIT.

    `begun`: its transaction is open. `ending`: its COMMIT is in the queue, or will be in the loop's next step.
    """

    def __init__(self) -> None:
        self.begun = False
        self.ending = False
        self._waiting: list[asyncio.Future[None]] = []
        self._callbacks: list[Callable[[], None]] = []

    def join(self, transaction: BlockTransaction) -> asyncio.Future[None]:
        """Add a block; the future ends with the COMMIT."""
        self._callbacks += transaction.callbacks
        transaction.callbacks.clear()
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        return done

    def succeed(self) -> None:
        """The COMMIT is on disk."""
        for callback in self._callbacks:
            try:
                callback()
            except Exception as error:  # one callback's fault must not keep the others from hearing
                context = {"message": "a callback after a commit failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        for done in self._waiting:
            if not done.done():
                done.set_result(None)

    def fail(self, cause: BaseException) -> None:
        """Nothing of the group was kept. Each waiter gets an exception of its own, for tracebacks are not shared."""
        for done in self._waiting:
            if not done.done():
                error = Unavailable(str(cause))
                error.__cause__ = cause
                done.set_exception(error)


#: In the queue, the place of a COMMIT among the turns of blocks.
_COMMIT = None


class GroupCommit:
    """Hands out the turns of one session, first come, first served."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._group = _Group()
        self._held = False
        self._closed = False
        self._queue: deque[asyncio.Future[None] | None] = deque()
        self._committing: asyncio.Future[None] | None = None
        self._block: ContextVar[BlockTransaction | None] = ContextVar("write block", default=None)

    async def enter(self) -> BlockTransaction:
        """Wait for the turn and begin a block.

        Raises:
            RuntimeError: this task is inside a write block already, or the database is closed.
            Unavailable: the session cannot begin.
        """
        if self._closed:
            raise RuntimeError("the database is closed")
        outer = self._block.get()
        if outer is not None and outer.open:
            raise RuntimeError("a write block must not wait for another one: it would wait for itself")
        await self._take_turn()
        try:
            if not self._group.begun:
                self._session.begin()
                self._group.begun = True
            transaction = self._session.enter()
        except Exception as error:
            self._abandon(error)
            self._pass_on()
            raise Unavailable(str(error)) from error
        self._block.set(transaction)
        return transaction

    async def leave(self, transaction: BlockTransaction, *, keep: bool) -> None:
        """End a block; with `keep`, return when it is durable.

        Raises:
            Unavailable: it could not be kept.
        """
        transaction.open = False
        durable = self._end(transaction, keep)
        if durable is not None:
            await durable

    async def drain(self) -> None:
        """Let no further block in, and wait until those that are in or wait are durable."""
        self._closed = True
        await self._take_turn()
        if self._group.begun:
            await asyncio.wait([self._commit()])

    async def _take_turn(self) -> None:
        if not self._held:
            self._held = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given in the same step of the loop
                self._pass_on()
            raise

    def _end(self, transaction: BlockTransaction, keep: bool) -> asyncio.Future[None] | None:
        durable = None
        try:
            if keep:
                self._session.keep()
                durable = self._group.join(transaction)
            else:
                self._session.undo()
            if not self._group.ending:
                self._group.ending = True
                asyncio.get_running_loop().call_soon(self._queue_commit)
        except Exception as error:
            self._abandon(error)
            if keep:
                raise Unavailable(str(error)) from error
        finally:
            self._pass_on()
        return durable

    def _abandon(self, cause: Exception) -> None:
        """Give up the group: the session lost its transaction."""
        self._session.abandon()
        group, self._group = self._group, _Group()
        group.fail(cause)

    def _queue_commit(self) -> None:
        self._queue.append(_COMMIT)
        if not self._held:
            self._held = True
            self._pass_on()

    def _pass_on(self) -> None:
        """Give the turn to whoever is next. It is nobody's when the queue is empty."""
        while self._queue:
            turn = self._queue.popleft()
            if turn is _COMMIT:
                if self._group.begun:
                    self._commit()
                    return
            elif not turn.done():
                turn.set_result(None)
                return
        self._held = False

    def _commit(self) -> asyncio.Future[None]:
        """Begin to commit, with the turn, which is passed on at the end."""
        group, self._group = self._group, _Group()
        # A context of its own: neither callbacks nor the tasks they begin belong to the block that was left last.
        context = Context()
        done = context.run(asyncio.ensure_future, self._session.commit())
        done.add_done_callback(partial(self._end_commit, group), context=context)
        self._committing = done
        return done

    def _end_commit(self, group: _Group, done: asyncio.Future[None]) -> None:
        error = asyncio.CancelledError("the loop ended") if done.cancelled() else done.exception()
        if error is None:
            group.succeed()
        else:
            group.fail(error)
        self._pass_on()


class WriteBlock:
    """What `Database.write` returns."""

    def __init__(self, commits: GroupCommit) -> None:
        self._commits = commits

    async def __aenter__(self) -> Transaction:
        self._transaction = await self._commits.enter()
        return self._transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._commits.leave(self._transaction, keep=error is None)
