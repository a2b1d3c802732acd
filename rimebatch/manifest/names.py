"""Names that become file names: which are safe everywhere, and which would collide.

Knows nothing about the folders and files that will bear them.
"""

import re
from unicodedata import normalize

from rimebatch.manifest.mistakes import Flaw, quote

# The longest name a file system of today takes is 255 bytes; this leaves room for
# suffixes, attempt numbers and the marks of unfinished files.
MAX_NAME_BYTES = 120

# What NTFS and FAT refuse, which covers what the others do.
_RESERVED_CHARS = re.compile(r'[<>:"|?*/\\]')

# "Also avoid these names followed immediately by an extension": Microsoft, "Naming
# Files, Paths, and Namespaces", which counts the superscript digits as digits too.
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE
)


def find_name_flaw(name: str) -> Flaw | None:
    """Return why *name* cannot be a file name on every system, or ``None``."""
    what = _describe_flaw(name)
    if what is None:
        return None
    return Flaw(f"{quote(name)} {what}", "use letters, digits, - and _, such as ch01")


def _describe_flaw(name: str) -> str | None:
    if not name.isprintable():  # control and invisible characters, odd spaces
        return "holds an invisible character"
    if reserved := _RESERVED_CHARS.search(name):
        return f"holds {reserved[0]}, which a file name cannot"
    if not name or name.strip(". ") != name:
        return "is empty, or begins or ends with a dot or a space"
    if _DEVICE.fullmatch(name):
        return "is the name of a device on Windows"
    return _describe_length(len(name.encode()))


def _describe_length(name_bytes: int) -> str | None:
    if name_bytes > MAX_NAME_BYTES:
        return f"is {name_bytes} bytes long; a file name may have {MAX_NAME_BYTES}"
    return None


def make_collision_key(name: str) -> str:
    """Return what two names share that some file systems take for one.

    Case is ignored by the default of macOS and Windows; composed and decomposed
    accents are one name on macOS. Decomposing first is how Unicode (definition D145)
    compares without case.
    """
    return normalize("NFC", normalize("NFD", name).casefold())
