"""The disk as libsndfile sees it: a file that takes everything and keeps its error.

libsndfile says nothing where the disk refuses the header that it writes last of all,
and gives no reason elsewhere. So it writes here, is told that all went well, and
whoever uses it asks for the error. Knows no audio.
"""

import os
from pathlib import Path


class Target:
    """A file being written, for libsndfile.

    Attributes:
        error: The first that the disk gave; nothing was written since.
    """

    def __init__(self, path: Path, preface: bytes) -> None:
        """Make the file, or empty it.

        Args:
            path: Where.
            preface: What comes before all that libsndfile knows of.

        Raises:
            OSError: It cannot be made.
        """
        self._file = path.open("wb", buffering=0)
        self._preface_bytes = len(preface)
        self._at = -len(preface)
        self._end = 0
        self.error: OSError | None = None
        self.write(preface)

    def write(self, data: bytes) -> int:
        """Write *data* where the file stands, and return how long it is."""
        position = self._preface_bytes + self._at
        rest = memoryview(data)
        try:
            while rest and self.error is None:
                count = os.pwrite(self._file.fileno(), rest, position)
                rest, position = rest[count:], position + count
        except OSError as error:
            self.error = error
        if data:
            self._at += len(data)
            self._end = max(self._end, self._at)
        return len(data)

    def read(self, _count: int) -> bytes:
        """Return nothing: what is written is not read back."""
        return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Stand at *offset* from the beginning, from here, or from the end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}
        self._at = base[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return where the file stands."""
        return self._at

    def close(self) -> None:
        """Close the file; whatever happened to it is in `error` then."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error
