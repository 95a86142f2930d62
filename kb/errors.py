"""Errors a user may see: one class per thing a caller does differently.

The message names the value, the cause and the next step, and is shown as it is: no traceback reaches a user.
"""


class KnowledgeBaseError(Exception):
    """Base of every error whose message is meant for a user (exit status 1, HTTP 500)."""

    status = 500
    exit_code = 1


class BadRequest(KnowledgeBaseError):
    """A question, filter, setting or argument that cannot be served as given (exit status 2, HTTP 400)."""

    status = 400
    exit_code = 2


class NotFound(KnowledgeBaseError):
    """No document, passage or entity has that id in the published generation (exit status 1, HTTP 404)."""

    status = 404


class Gone(NotFound):
    """A document or passage of an earlier generation that the published one no longer holds (exit status 1, HTTP 410)."""

    status = 410


class IndexMissing(KnowledgeBaseError):
    """Nothing has been published under KB_HOME yet (exit status 1, HTTP 503)."""

    status = 503


class IndexStale(KnowledgeBaseError):
    """The published index does not fit this program or the configured model (exit status 1, HTTP 503)."""

    status = 503


class ModelUnavailable(KnowledgeBaseError):
    """The embedding model cannot be unpacked or loaded (exit status 1, HTTP 503)."""

    status = 503


class Busy(KnowledgeBaseError):
    """Another process holds the writer's lock, or too many pages are being drawn (exit status 1, HTTP 503)."""

    status = 503


class Held(KnowledgeBaseError):
    """A rollback holds the published generation; nothing is published until it is released (exit status 1, HTTP 503)."""

    status = 503


class WriteFailed(KnowledgeBaseError):
    """The disk under KB_HOME is full or cannot be written (exit status 1, HTTP 503)."""

    status = 503


class Damaged(KnowledgeBaseError):
    """A backup or an export is not what was written (exit status 1)."""


class StoreDamaged(KnowledgeBaseError):
    """The store's file is no database any more, or parts of it cannot be read (exit status 1, HTTP 503)."""

    status = 503


class SnapshotGone(KnowledgeBaseError):
    """What was being read went away in the middle: two generations were published during one question, or a server of the store
    ended. Ask again (exit status 1, HTTP 503)."""

    status = 503


class StoreUnavailable(KnowledgeBaseError):
    """No server of the store answers (exit status 1, HTTP 503)."""

    status = 503


class PartMissing(StoreUnavailable):
    """The server of the part of the collection that a document is in does not answer; others do (exit status 1, HTTP 503)."""
