"""Reading a whole text file, with every way that can fail put in words.

Knows nothing about YAML or manifests.
"""

from pathlib import Path
from stat import S_ISREG

from rimebatch.manifest.mistakes import Flaw

# A 12-hour book is under 1 MB of text; what is far beyond that is the wrong file.
MAX_FILE_BYTES = 64 * 2**20


def read_text(file: Path) -> str | Flaw:
    """Return the text of *file* without its byte order mark, or why there is none.

    Args:
        file: A regular file of at most ``MAX_FILE_BYTES``, in UTF-8.
    """
    try:
        status = file.stat()
        if not S_ISREG(status.st_mode):
            return Flaw("is not a regular file", "give the path of a text file")
        # The size is looked at before anything is read.
        if status.st_size > MAX_FILE_BYTES:
            what = f"is larger than {MAX_FILE_BYTES >> 20} MB"
            return Flaw(what, "check the path, or divide the file")
        content = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Flaw(f"cannot be read: {reason}", "check the path")
    return _decode(content)


def _decode(content: bytes) -> str | Flaw:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from behind the byte order mark.
        offset = error.start + len(content) - len(error.object)
        line = content.count(b"\n", 0, offset) + 1
        what = f"is not UTF-8: byte 0x{content[offset]:02X} at offset {offset}"
        return Flaw(f"{what}, line {line}", "save it as UTF-8")
