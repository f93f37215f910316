"""Bytes that go to many sockets: copied into the kernel once, not once for each of them."""

import contextlib
import os
from typing import ClassVar, Final

MIN_BYTES: Final = 16 * 1024
"""Fewer are copied as fast as their pages are passed on."""

MAX_FILES: Final = 64
"""Memory files open at once in the process: the chunks of two or three floods. Each takes a file
descriptor, and the memory of what is in it."""


class SharedBytes(bytes):
    """Bytes of which every receiver can be sent the very same pages of memory.

    From the second receiver on they are in a memory file besides (memfd_create(2)). It is never
    written to again, so that what a socket holds of it stays true after the bytes have gone.
    """

    _files: ClassVar[int] = 0
    _file: int | None = None
    _takers = 0

    def can_be_passed_on(self) -> bool:
        """Whether another receiver may use `pass_on`; otherwise it writes them as any bytes.

        So does the first one, and all where they are few, files are many, or the system has none
        in memory.
        """
        self._takers += 1
        if self._takers == 2 and len(self) >= MIN_BYTES and hasattr(os, "memfd_create"):
            self._put_into_file()
        return self._file is not None

    def pass_on(self, socket: int, start: int) -> int:
        """Give a socket that doesn't block what follows `start`; how many bytes it has taken.

        An error of the socket's is left to who writes to it next.
        """
        if self._file is None:
            raise ValueError("these bytes can't be passed on")
        end = start
        with contextlib.suppress(OSError):
            while end < len(self):
                end += os.sendfile(socket, self._file, end, len(self) - end)
        return end - start

    def __del__(self) -> None:
        if self._file is not None:
            SharedBytes._files -= 1
            os.close(self._file)

    # --- helpers ---------------------------------------------------------------------------

    def _put_into_file(self) -> None:
        if SharedBytes._files >= MAX_FILES:
            return
        try:
            file = os.memfd_create("vibebox-frames")
        except OSError:
            return
        try:
            is_whole = os.write(file, self) == len(self)
        except OSError:
            is_whole = False
        if not is_whole:
            os.close(file)
            return
        self._file = file
        SharedBytes._files += 1
