"""Archives that are not what they seem: tricks on how members are packed, for ZIP and for workbooks."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from evasion_kit import Message

_WHEN = (2026, 1, 2, 3, 4, 6)


def packed(random: Random, message: Message) -> bytes:
    """Pack members; one time in two with a trick."""
    members = list(message.members)
    word = random.choice(message.words)
    trick = random.randrange(18)
    match trick:
        case 0:
            members.append((f"{word}.json", b"{}"))
        case 1:
            members.append((f"{word}/", b""))
        case 2:
            members.append((members[0][0], word.encode()))
        case 3:
            members.append((members[0][0].upper(), word.encode()))
        case 4:
            members.append((f"../{word}", word.encode()))
        case 5:
            random.shuffle(members)
        case 6:
            members.pop(random.randrange(len(members)))
    comment = word.encode() if trick == 7 else b""
    extra = struct.pack("<HH", random.choice((0x5455, 0x0001, 0x7075, 0xA220, 0x9999)), len(word)) + word.encode()
    made = zipped(
        members,
        comment=comment,
        member_comment=word.encode() if trick == 8 else b"",
        extra=extra if trick == 9 else b"",
        stored=trick == 10,
    )
    match trick:
        case 11:
            return word.encode() + made
        case 12:
            return made + word.encode()
        case 13:  # the header before a member says another name than the directory
            name = members[0][0].encode()
            return made.replace(name, bytes(name[:-1] + b"x"), 1)
        case 14:  # other bits: encrypted, a descriptor that is none
            at = made.find(b"PK\x03\x04") + 6
            return made[:at] + bytes([made[at] ^ random.choice((1, 8, 64))]) + made[at + 1 :]
        case 15:  # a member that nobody lists
            return hidden(made, word)
    return made


def zipped(
    members: list[tuple[str, bytes]],
    *,
    comment: bytes = b"",
    member_comment: bytes = b"",
    extra: bytes = b"",
    stored: bool = False,
) -> bytes:
    """Pack members as told."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED if stored else ZIP_DEFLATED) as made:
        for name, body in members:
            info = ZipInfo(name, _WHEN)
            info.compress_type = ZIP_STORED if stored or name.endswith("/") else ZIP_DEFLATED
            info.comment, info.extra = member_comment, extra
            _write(made, info, body)
        made.comment = comment
    return out.getvalue()


def _write(made: ZipFile, info: ZipInfo, body: bytes) -> None:
    """Write a member, one of the same name too."""
    made.NameToInfo.pop(info.filename, None)
    made.writestr(info, body)


def hidden(made: bytes, word: str) -> bytes:
    """Put a member before the directory that the directory does not tell of."""
    at = made.find(b"PK\x01\x02")
    name, body = b"x", word.encode()
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, zlib.crc32(body), len(body), len(body), 1, 0)
    end = made.rfind(b"PK\x05\x06")
    begin = struct.pack("<I", at + len(local + name + body))
    return made[:at] + local + name + body + made[at:end] + made[end : end + 16] + begin + made[end + 20 :]
