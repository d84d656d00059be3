"""Batches to the hub over HTTP."""

import httpx

from sdr.courier import Post

__all__ = ["post_to"]

TIMEOUT_S = 10.0


def post_to(hub: str, *, sensor: str, token: str) -> Post:
    """A function that posts a batch to a hub and gives the status of its answer.

    Parameters
    ----------
    hub
        The hub's address, such as ``http://127.0.0.1:8077``.
    sensor, token
        Who sends, and the proof of it.
    """
    client = httpx.Client(
        base_url=hub,
        timeout=TIMEOUT_S,
        trust_env=False,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )

    def post(body: bytes, /) -> int:
        try:
            return client.post(f"/api/v1/sensors/{sensor}/batches", content=body).status_code
        except httpx.HTTPError as error:
            raise ConnectionError(f"{hub}: {type(error).__name__}: {error}") from error

    return post
