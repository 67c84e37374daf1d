"""ZIP archives (PKWARE APPNOTE 6.3), read strictly and written again member by member.

Readers of archives believe different things: the directory at the end, or the headers before each member. An archive is
read here only where both say the same and every byte belongs to one member: members stand one after another from the
first byte, the directory follows, and its end record ends the archive. So nothing can hide between, before or after.

Refused: encryption, ZIP64, several disks, comments, other methods than deflate and stored, links, names that leave the
folder or that differ only in form, sizes or checksums that are not true, and members that expand beyond the limits.

Promise: a member that does not change keeps its bytes, local header, compressed form and descriptor included; only its
place in the directory moves. A changed member is compressed anew, under its own name, time and attributes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats import zip_names
from gateway.formats.limits import BodyLimits

LOCAL, CENTRAL, END, DESCRIPTOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x07\x08"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_STORED, _DEFLATED = 0, 8
_DEFERRED, _UTF8 = 0x0008, 0x0800  # flags: sizes follow the data; the name is UTF-8
_FLAGS = 0x0006 | _DEFERRED | _UTF8  # those read; 1 and 2 only say how hard it was compressed
_UNIX, _LINK, _KINDS = 3, (0o010000, 0o020000, 0o060000, 0o120000, 0o140000), 0o170000
_MOST_MEMBERS = 10_000
_ALWAYS_ALLOWED = 1024 * 1024  # a small archive may expand to this, whatever the ratio
_EXTRA_SIZES = {0x5455: (1, 13), 0x5855: (8, 12), 0x7875: (3, 19), 0x7855: (0, 4), 0x000A: (32, 32), 0xCAFE: (0, 0)}
"""Extra fields that are read: times, owners and Java's sign, by the sizes that they may have."""
_ID = 4  # bytes of an owner's number
_PADDING = {0xA220: 4, 0xD935: 2}
"""Extra fields that are padding, of Office and Android: how many bytes say something before the zeros."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its name, what it holds, and where all that belongs to it stands in the archive.

    A folder has a name that ends with `/`, and holds nothing.
    """

    name: str
    body: bytes = field(repr=False)
    start: int
    end: int
    directory: bytes = field(repr=False)

    @property
    def is_folder(self) -> bool:
        """Tell whether it is a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """An archive that was read: its members by name, in the order of its directory."""

    raw: bytes = field(repr=False)
    members: Mapping[str, Member]


def read(body: bytes, limits: BodyLimits) -> Archive:
    """Read an archive, every member of it. Raises `Unreadable` and nothing else.

    body-malformed, body-ambiguous, body-coding (encryption, methods), body-encoding (names), body-too-large,
    body-expands-too-much. All members together are bounded by `limits.size`, and by `limits.ratio` times the archive.
    """
    count, begin = _end(body)
    left = min(limits.size, max(len(body) * limits.ratio, _ALWAYS_ALLOWED))
    members, at = [], begin
    for _ in range(count):
        member, at = _member(body, at, begin, left)
        left -= len(member.body)
        members.append(member)
    if at != len(body) - _END.size:
        raise Unreadable("body-ambiguous", "the directory of the archive is not what its end says")
    expected = 0
    for member in sorted(members, key=lambda member: member.start):
        if member.start != expected:
            raise Unreadable("body-ambiguous", "members of the archive overlap, or something is between them")
        expected = member.end
    if expected != begin:
        raise Unreadable("body-ambiguous", "something stands before the directory of the archive")
    zip_names.check([member.name for member in members])
    return Archive(body, {member.name: member for member in members})


def rewritten(archive: Archive, changes: Mapping[str, bytes | None]) -> bytes:
    """Write an archive again with other bytes in members, by name; None leaves a member out.

    The very same bytes object where nothing changes. KeyError for a name that no member has.
    """
    changed = {name: new for name, new in changes.items() if archive.members[name].body != new}
    if not changed:
        return archive.raw
    made = bytearray()
    directory: dict[str, bytes] = {}
    for member in sorted(archive.members.values(), key=lambda member: member.start):
        new = changed.get(member.name, member.body)
        if new is None:
            continue
        raw, entry = archive.raw[member.start : member.end], member.directory
        if member.name in changed:
            raw, entry = _packed(raw, entry, new)
        directory[member.name] = entry[:42] + struct.pack("<I", len(made)) + entry[46:]
        made += raw
    begin = len(made)
    for name in archive.members:
        made += directory.get(name, b"")
    return bytes(made) + _END.pack(END, 0, 0, len(directory), len(directory), len(made) - begin, begin, 0)


def _packed(raw: bytes, entry: bytes, new: bytes) -> tuple[bytes, bytes]:
    """Give the local part of a changed member, and its entry in the directory: its sizes stand in both."""
    local, central = list(_LOCAL.unpack_from(raw)), list(_CENTRAL.unpack_from(entry))
    packed = new if local[3] == _STORED else _deflated(new)
    flags = local[2] & ~_DEFERRED
    numbers = [zlib.crc32(new), len(packed), len(new)]
    local[2], local[6:9] = flags, numbers
    central[3], central[7:10] = flags, numbers
    names = raw[_LOCAL.size : _LOCAL.size + local[9] + local[10]]
    return _LOCAL.pack(*local) + names + packed, _CENTRAL.pack(*central) + entry[_CENTRAL.size :]


def _deflated(new: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(new) + deflate.flush()


def _end(body: bytes) -> tuple[int, int]:
    """Read the record that ends the archive: how many members there are, and where their directory begins."""
    at = len(body) - _END.size
    if at < 0 or not body.startswith(END, at):
        raise Unreadable("body-malformed", "not an archive, or something follows its end")
    _, disk, first, here, count, size, begin, comment = _END.unpack_from(body, at)
    if disk or first or here != count or comment:
        raise Unreadable("body-ambiguous", "an archive of several parts, or with a comment")
    if count > _MOST_MEMBERS:
        raise Unreadable("body-too-large", "too many members in the archive")
    if begin + size != at:
        raise Unreadable("body-ambiguous", "the directory of the archive is not where its end says")
    return count, begin


def _member(body: bytes, at: int, begin: int, left: int) -> tuple[Member, int]:
    """Read one entry of the directory, and the member that it tells of; also where the next entry begins."""
    if at + _CENTRAL.size > len(body) or not body.startswith(CENTRAL, at):
        raise Unreadable("body-malformed", "the directory of the archive is broken")
    central = _CENTRAL.unpack_from(body, at)
    made_by, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment, disk, _, outside, start = (
        central[1:]
    )
    following = at + _CENTRAL.size + name_size + extra_size
    if following > len(body):
        raise Unreadable("body-malformed", "the directory of the archive is broken")
    if flags & ~_FLAGS or method not in {_STORED, _DEFLATED}:
        raise Unreadable("body-coding", "a member of the archive is encrypted, or packed in a way that is not read")
    if comment or disk:
        raise Unreadable("body-ambiguous", "a member of the archive has a comment, or is elsewhere")
    raw_name = body[at + _CENTRAL.size : at + _CENTRAL.size + name_size]
    _extra(body[following - extra_size : following])
    data, told = _local(body, start, begin, (flags, method, crc, packed, size, raw_name))
    end = data + packed + told
    if end > begin:
        raise Unreadable("body-ambiguous", "a member of the archive is longer than there is room for")
    name = zip_names.name(raw_name, utf8=bool(flags & _UTF8))
    if made_by >> 8 == _UNIX and (outside >> 16) & _KINDS in _LINK:
        raise Unreadable("body-ambiguous", "a member of the archive is a link")
    if name.endswith("/") and size:
        raise Unreadable("body-ambiguous", "a folder of the archive holds something")
    plain = _plain(body[data : data + packed], method, size, crc, left)
    return Member(name, plain, start, end, body[at:following]), following


def _local(body: bytes, start: int, begin: int, said: tuple[int, int, int, int, int, bytes]) -> tuple[int, int]:
    """Check a member's own header against the directory; where its data begins, and how much follows them."""
    if start + _LOCAL.size > begin or not body.startswith(LOCAL, start):
        raise Unreadable("body-malformed", "a member of the archive is not where the directory says")
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(body, start)
    data = start + _LOCAL.size + name_size + extra_size
    name = body[start + _LOCAL.size : start + _LOCAL.size + name_size]
    _extra(body[data - extra_size : data])
    deferred = bool(flags & _DEFERRED)
    numbers = said[2:5] if deferred and not (crc or packed or size) else (crc, packed, size)
    if (flags, method, *numbers, name) != said:
        raise Unreadable("body-ambiguous", "a member of the archive says something else than the directory")
    if not deferred:
        return data, 0
    if method == _STORED:
        raise Unreadable("body-ambiguous", "a member of the archive does not say where it ends")
    after, told = data + said[3], struct.pack("<3I", *said[2:5])
    for descriptor in (DESCRIPTOR + told, told):
        if body.startswith(descriptor, after):
            return data, len(descriptor)
    raise Unreadable("body-ambiguous", "what follows a member of the archive is not what the directory says")


def _plain(packed: bytes, method: int, size: int, crc: int, left: int) -> bytes:
    """Unpack a member. Nothing beyond the size that it claims is ever made."""
    if size > left:
        raise Unreadable("body-expands-too-much", "the archive expands beyond the limit")
    plain, whole = packed, True
    if method == _DEFLATED:
        inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        try:
            plain = inflate.decompress(packed, size + 1)
        except zlib.error:
            raise Unreadable("body-coding", "a member of the archive is broken") from None
        whole = inflate.eof and not inflate.unused_data
    if not whole or len(plain) != size or zlib.crc32(plain) != crc:
        raise Unreadable("body-ambiguous", "a member of the archive is not what its size and checksum say")
    return plain


def _extra(extra: bytes) -> None:
    """Check extra fields: those that could hide a text, or say something else than the header, are refused."""
    for kind, value in _extras(extra):
        if kind in _PADDING:
            fine = not value[_PADDING[kind] :].strip(b"\x00")
        else:
            least, most = _EXTRA_SIZES.get(kind, (1, 0))
            fine = least <= len(value) <= most and _looks(kind, value)
        if not fine:
            raise Unreadable("body-ambiguous", "a member of the archive has an extra field that is not read")


def _looks(kind: int, value: bytes) -> bool:
    """Tell whether times and owners look like such: their flags, sizes and the centuries of Windows' times."""
    match kind:
        case 0x5455:
            return value[0] < 1 << 3 and (len(value) - 1) % 4 == 0
        case 0x7875:
            owner, group = value[1], value[2 + value[1] : 3 + value[1]]
            return value[0] == 1 and owner <= _ID and group[:1] <= bytes([_ID]) and len(value) == 3 + owner + sum(group)
        case 0x000A:
            return value[:8] == b"\0\0\0\0\1\0\x18\0" and all(value[at + 7] in {0, 1, 2} for at in (8, 16, 24))
    return True


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(extra):
        kind, size = struct.unpack_from("<2H", extra, at) if at + 4 <= len(extra) else (0, len(extra))
        if at + 4 + size > len(extra):
            raise Unreadable("body-malformed", "a member of the archive has broken extra fields")
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size
