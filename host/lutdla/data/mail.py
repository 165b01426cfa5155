"""The words of a mail: its subject, and its body as plain text."""

from __future__ import annotations

import email
import email.header
from email.message import Message
from html.parser import HTMLParser

SILENT_TAGS = frozenset({"script", "style", "title"})
"""Elements whose text no reader sees."""

BREAKS = frozenset({"br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4"})
"""Elements that begin a line; others do not part words."""


class _Visible(HTMLParser):
    """Collects the text that a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT_TAGS:
            self._silent += 1
        elif tag in BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT_TAGS and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def visible_text(html: str) -> str:
    """What a reader sees of an HTML text."""
    parser = _Visible()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)


def _decode(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "latin-1", errors="replace")
    except LookupError:  # charsets in spam are sometimes invented
        return payload.decode("latin-1")


def _subject(message: Message) -> str:
    pieces = []
    for text, charset in email.header.decode_header(str(message.get("Subject", ""))):
        if isinstance(text, str):
            pieces.append(text)
            continue
        try:
            pieces.append(text.decode(charset or "latin-1", errors="replace"))
        except LookupError:
            pieces.append(text.decode("latin-1"))
    return "".join(pieces)


def words(mail: str) -> str:
    """Subject, empty line, body. Of a mail with several parts, its plain text; its HTML only if it has no other.

    Headers are left out: who carried a mail and when tells spam from ham in a collection, but not in the world.
    White space is reduced to single spaces and line ends.
    """
    message = email.message_from_string(mail)
    plain, html = [], []
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            plain.append(_decode(part))
        elif part.get_content_type() == "text/html":
            html.append(visible_text(_decode(part)))
    body = "\n".join(plain if any(text.strip() for text in plain) else html)
    lines = [" ".join(line.split()) for line in body.splitlines()]
    subject = " ".join(_subject(message).split())
    return f"{subject}\n\n" + "\n".join(line for line in lines if line)
