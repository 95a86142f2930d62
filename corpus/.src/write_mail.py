"""E-mail bulletins: one plain part, no boundary, so that the same source gives the same bytes."""

from __future__ import annotations

from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import PurePosixPath

from source import Written
from write_text import as_plain

SENDER, READERS = ("bulletin", "readers")
DOMAIN = "wakhan.example"  # reserved by RFC 2606: nobody's address


def as_mail(document: Written) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(str(document.meta["publisher"]), SENDER, DOMAIN)
    message["To"] = Address("Readers", READERS, DOMAIN)
    message["Subject"] = document.title
    message["Date"] = document.when.replace(hour=8, tzinfo=UTC)
    message["Message-ID"] = f"<{PurePosixPath(document.out).stem}@{DOMAIN}>"
    message["Content-Language"] = document.meta["language"]
    message.set_content(as_plain(document).decode(), cte="quoted-printable")
    return message.as_bytes()
