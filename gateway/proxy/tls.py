"""TLS on both sides: 1.2 or later, names and chains always checked."""

from __future__ import annotations

import ssl

from gateway.proxy.settings import Tls, UpstreamTls


def server_context(tls: Tls) -> ssl.SSLContext:
    """Make a listener's context; asks for client certificates where there is a CA for them. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    context.set_alpn_protocols(["http/1.1"])
    if tls.client_ca is not None:
        context.load_verify_locations(cafile=tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if tls.client_required else ssl.CERT_OPTIONAL
    return context


def client_context(tls: UpstreamTls) -> ssl.SSLContext:
    """Make a context for a system: its certificate and name are checked, without exception. Raises OSError."""
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
