"""A store for blobs with the HTTP verbs of Walrus: ``PUT /v1/blobs?epochs=N`` and ``GET /v1/blobs/ID``.

A blob's id is base64url of its SHA-256. (On Walrus it comes from an erasure code, of which there is nothing here; its
length and alphabet are the same.)
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from nodes.disk import Disk
from nodes.effects import Reply, Steps
from nodes.http import BadRequest, HttpRequest, HttpResponse, no_route, refuse, respond
from nodes.identity import Peer
from nodes.messages import Envelope
from nodes.serving import serve_each

BLOBS = "/v1/blobs"
EPOCHS_MAX = 53
"""Of Walrus."""


def blob_id(content: bytes) -> str:
    """The id of a blob."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


@dataclass
class BlobStore:
    """One store. What it has outlives a crash."""

    me: Peer
    disk: Disk = field(default_factory=Disk)

    def run(self) -> Steps:
        """Take blobs, and give them out."""
        yield from serve_each(self.serve)

    def serve(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Answer one request."""
        try:
            response = self.route(request)
        except BadRequest as error:
            response = refuse(error)
        yield Reply(envelope, response)

    def route(self, request: HttpRequest) -> HttpResponse:
        """What to answer. Raises `BadRequest`."""
        kept: dict[str, bytes] = self.disk.kept("blobs", dict)
        if (request.method, request.path) == ("PUT", BLOBS):
            return self.put(kept, request)
        if request.method == "GET" and request.path.startswith(f"{BLOBS}/"):
            content = kept.get(request.path.removeprefix(f"{BLOBS}/"))
            if content is None:
                raise BadRequest("there is no such blob", 404, "not_found")
            return HttpResponse(200, content, {"content-type": "application/octet-stream"})
        raise no_route(request)

    def put(self, kept: dict[str, bytes], request: HttpRequest) -> HttpResponse:
        """Keep a blob. Raises `BadRequest`."""
        epochs = request.query.get("epochs", "1")
        if not (epochs.isascii() and epochs.isdigit() and len(epochs) < 4 and 0 < int(epochs) <= EPOCHS_MAX):
            raise BadRequest(f"epochs is not a whole number from 1 to {EPOCHS_MAX}")
        if not request.body:
            raise BadRequest("the blob is empty")
        id = blob_id(request.body)
        if id in kept:
            return respond({"alreadyCertified": {"blobId": id, "endEpoch": int(epochs)}})
        kept[id] = request.body
        about = {"blobId": id, "size": len(request.body), "storage": {"startEpoch": 0, "endEpoch": int(epochs)}}
        return respond({"newlyCreated": {"blobObject": about, "cost": 0}})


def id_in(answer: HttpResponse | None) -> str | None:
    """The id that a store gave a blob, if it did."""
    said = answer.json() if answer is not None and answer.status == 200 else None
    if not isinstance(said, dict):
        return None
    about = said.get("alreadyCertified") or said.get("newlyCreated", {}).get("blobObject") or {}
    found = about.get("blobId")
    return found if isinstance(found, str) else None
