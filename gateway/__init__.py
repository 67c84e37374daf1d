"""Sovgate: a data-sovereignty gateway between a CRM and the systems around it."""

__version__ = "0.1.0"
