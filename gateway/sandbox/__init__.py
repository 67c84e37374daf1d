"""Worker processes for untrusted files: limited, replaced when they crash, and able to refuse but not to harm."""

from gateway.sandbox.pool import Sandbox

__all__ = ["Sandbox"]
