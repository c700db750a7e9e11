"""Lets schemathesis in: signs each request as the OpenAPI document says (RFC 9421, RFC 9530), or shows the operator's token.

Written from the document alone, so that it also says whether the document suffices."""

import base64
import hashlib
import json
import os
from urllib.parse import urlsplit

import schemathesis
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from requests.auth import AuthBase

CENTER = json.loads(os.environ["KOZENI_CENTER"])


class Caller(AuthBase):
    def __init__(self, who):
        self.who = who

    def __call__(self, request):
        request.headers.update(self.who.get("headers", {}))
        if "privateKey" in self.who:
            request.headers.update(self.signature(request))
        return request

    def signature(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        url = urlsplit(request.url)
        query = "?" + request.path_url.split("?", 1)[1] if "?" in request.path_url else "?"
        parts = {
            "@method": request.method,
            "@authority": url.netloc.lower(),
            "@path": request.path_url.split("?", 1)[0],
            "@query": query,
        }
        added = {}
        if body:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            added["content-digest"] = parts["content-digest"] = f"sha-256=:{digest}:"
        if "idempotency-key" in request.headers:
            key = request.headers["idempotency-key"]
            parts["idempotency-key"] = (key.decode("latin-1") if isinstance(key, bytes) else key).strip(" \t")
        names = " ".join(f'"{name}"' for name in parts)
        params = f'({names});created={CENTER["now"]};keyid="{self.who["keyid"]}";tag="kozeni"'
        lines = [f'"{name}": {value}' for name, value in parts.items()] + [f'"@signature-params": {params}']
        private = ec.derive_private_key(int(self.who["privateKey"], 16), ec.SECP256R1())
        der = private.sign("\n".join(lines).encode("latin-1", "replace"), ec.ECDSA(hashes.SHA256()))
        signed = b"".join(part.to_bytes(32, "big") for part in utils.decode_dss_signature(der))
        return {
            **added,
            "signature-input": f"kozeni={params}",
            "signature": f"kozeni=:{base64.b64encode(signed).decode()}:",
        }


@schemathesis.hook
def before_call(context, case, kwargs):
    name = case.operation.definition.raw.get("operationId")
    kwargs["auth"] = Caller(CENTER["callers"].get(name, {}))


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Credentials are this file's business: what happens without them is asked by our own matrix of callers."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    raw_schema.pop("security", None)
