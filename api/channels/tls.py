"""TLS as a client: the system's authorities or those of a file, TLS 1.2 at least, names always checked."""

import ssl

__all__ = ["client_context", "is_certificate_fault"]


def client_context(authorities: str | None) -> ssl.SSLContext:
    """What connections are made with.

    Parameters
    ----------
    authorities
        PEM file of the authorities to trust in place of the system's.
    """
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def is_certificate_fault(error: BaseException | None) -> bool:
    """Whether an error comes from a certificate that was not accepted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
