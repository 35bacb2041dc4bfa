"""Write a file whole or not at all."""

import os
import secrets
from pathlib import Path


def replace_with(path: Path, content: bytes, *, private: bool = False) -> None:
    """Put ``content`` into the file at ``path``; a full disk or a killed kernel leaves the old one.

    Until the last byte is written, the new file lies beside it under a hidden name. Behind a link
    the file that it leads to is replaced, not the link. ``private``: only its owner may read it.
    Makes the folder if it is missing. Raises ``OSError`` where that cannot be done.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    mode = 0o600 if private else 0o666  # less what the user's umask takes away
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
