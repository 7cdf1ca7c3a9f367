"""An OAuth 2.0 authorization server made of Authlib and Flask, for the tests of the credential broker.

    [LOG=file] [PORT=n] [LIFE=seconds] [CLIENTS=json] [SUBJECTS=json] [TRUSTED_JWKS=json] oauth_server.py

It serves on 127.0.0.1, at PORT or any; the first line of output, and of LOG, has "port" and "issuer". CLIENTS is
{"id": {"secret": …, "method": "client_secret_basic" | "client_secret_post", "scope": "a b", "revokes": true}}.

    POST /token        client_credentials (RFC 6749), token exchange (RFC 8693); resource and audience (RFC 8707)
    POST /revoke       RFC 7009
    POST /introspect   RFC 7662
    GET  /jwks         the key that signs the JWTs of /agent-token
    POST /agent-token  a JWT with the form's fields as claims, `life` seconds long: what an agent shows
    GET  /resource     whether the bearer token of the request is good: opaque and not revoked, or a JWT by TRUSTED_JWKS

What is exchanged is a JWT by /jwks, or an opaque text that is a key of SUBJECTS, whose value is the subject's id.
`?fault=` makes /token and /revoke misbehave: a status (`503`), `silence`, `html`, `flood`, `redirect`, `echo` (an error
that repeats all it was sent), `wide` (one scope more than asked for), `huge`, `broken-line`, `mac`, `expired`.

Each request is a line of LOG: its path as "event", client, how it authenticated, the fields without secrets, the
status, and SHA-256 of the token that was issued, revoked, looked at or shown.
"""
from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import threading
import time
from typing import Any

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer  # noqa: E402
from authlib.oauth2.rfc6749 import (  # noqa: E402
    ClientMixin, InvalidGrantError, InvalidRequestError, InvalidScopeError, OAuth2Error, TokenMixin,
    UnauthorizedClientError)
from authlib.oauth2.rfc6749.grants import (  # noqa: E402
    BaseGrant, ClientCredentialsGrant, TokenEndpointMixin)
from authlib.oauth2.rfc7009 import RevocationEndpoint  # noqa: E402
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # noqa: E402
from flask import Flask, Response, g, jsonify, request  # noqa: E402
from joserfc import jwt  # noqa: E402
from joserfc.errors import JoseError  # noqa: E402
from joserfc.jwk import KeySet, OKPKey  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"
METHODS = ["client_secret_basic", "client_secret_post"]
LIFE = int(os.environ.get("LIFE", "3600"))
SUBJECTS: dict[str, str] = json.loads(os.environ.get("SUBJECTS", "{}"))

key = OKPKey.generate_key("Ed25519", {"kid": "issuer-1", "use": "sig", "alg": "EdDSA"}, private=True)
trusted = KeySet.import_key_set(json.loads(os.environ["TRUSTED_JWKS"])) if "TRUSTED_JWKS" in os.environ else None
app = Flask("oauth_server")
lock = threading.Lock()
issuer = ""


class Client(ClientMixin):
    def __init__(self, name: str, members: dict[str, Any]) -> None:
        self.name = name
        self.secret: str = members["secret"]
        self.method: str = members.get("method", METHODS[0])
        self.scope: list[str] = members.get("scope", "").split()
        self.revokes: bool = members.get("revokes", True)

    def get_client_id(self) -> str:
        return self.name

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = (scope or "").split()
        return " ".join(asked if asked else self.scope)

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("client_credentials", EXCHANGE)


class Token(TokenMixin):
    def __init__(self, members: dict[str, Any], client: Client, subject: str) -> None:
        self.members = members
        self.client = client
        self.subject = subject
        self.audience = request.form.getlist("audience") + request.form.getlist("resource")
        self.issued = time.time()
        self.revoked = False

    def check_client(self, client: Client) -> bool:
        return client.name == self.client.name

    def get_scope(self) -> str:
        return self.members.get("scope", "")

    def get_expires_in(self) -> int:
        return self.members["expires_in"]

    def is_expired(self) -> bool:
        return time.time() >= self.issued + self.members["expires_in"]

    def is_revoked(self) -> bool:
        return self.revoked

    @property
    def is_active(self) -> bool:
        return not self.is_expired() and not self.revoked


clients = {name: Client(name, members) for name, members in json.loads(os.environ.get("CLIENTS", "{}")).items()}
tokens: dict[str, Token] = {}


def save_token(members: dict[str, Any], oauth_request: Any) -> None:
    client = oauth_request.client
    tokens[members["access_token"]] = Token(members, client, getattr(g, "subject", client.name))
    g.token = members["access_token"]


server = AuthorizationServer(app, query_client=clients.get, save_token=save_token)
server.register_token_generator("default", lambda grant_type, client, scope=None, **_: {
    "token_type": "Bearer", "access_token": secrets.token_urlsafe(32), "expires_in": LIFE,
    **({"scope": client.get_allowed_scope(scope)} if client.get_allowed_scope(scope) else {})})


class ClientCredentials(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_requested_scope(self) -> None:
        check_scope(self.request)


class TokenExchange(BaseGrant, TokenEndpointMixin):
    GRANT_TYPE = EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError()
        self.request.client = client
        form = self.request.form
        if not form.get("subject_token") or not form.get("subject_token_type"):
            raise InvalidRequestError("subject_token and subject_token_type are required")
        if form.get("requested_token_type", TOKEN_TYPE + "access_token") != TOKEN_TYPE + "access_token":
            raise InvalidRequestError("only access tokens are issued")
        subject = subject_of(form["subject_token"])
        if subject is None:
            # RFC 8693 section 2.2.2.
            raise InvalidRequestError("the subject token is not valid")
        g.subject = subject
        check_scope(self.request)

    def create_token_response(self) -> Any:
        token = self.generate_token(scope=self.request.payload.scope, include_refresh_token=False)
        token["issued_token_type"] = TOKEN_TYPE + "access_token"
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


def check_scope(oauth_request: Any) -> None:
    if not set((oauth_request.payload.scope or "").split()) <= set(oauth_request.client.scope):
        raise InvalidScopeError()


def subject_of(token: str) -> str | None:
    if token in SUBJECTS:
        return SUBJECTS[token]
    try:
        claims = jwt.decode(token, key, algorithms=["EdDSA"]).claims
    except (JoseError, ValueError):
        return None
    return claims.get("sub") if claims.get("exp", 0) > time.time() else None


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        g.token = token_string
        return tokens.get(token_string)

    def revoke_token(self, token: Token, oauth_request: Any) -> None:
        if not token.client.revokes:
            raise InvalidGrantError()
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        g.token = token_string
        return tokens.get(token_string)

    def check_permission(self, token: Token, client: Client, oauth_request: Any) -> bool:
        return True

    def introspect_token(self, token: Token) -> dict[str, Any]:
        return describe(token)


def describe(token: Token) -> dict[str, Any]:
    return {"active": token.is_active, "client_id": token.client.name, "sub": token.subject, "iss": issuer,
            "scope": token.get_scope(), "aud": token.audience, "exp": int(token.issued + token.get_expires_in())}


for grant in (ClientCredentials, TokenExchange):
    server.register_grant(grant)
for endpoint in (Revocation, Introspection):
    server.register_endpoint(endpoint)


@app.post("/token")
def token_endpoint() -> Response:
    return faulty(server.create_token_response)


@app.post("/revoke")
def revocation_endpoint() -> Response:
    return faulty(lambda: server.create_endpoint_response("revocation"))


@app.post("/introspect")
def introspection_endpoint() -> Response:
    return server.create_endpoint_response("introspection")


@app.get("/jwks")
def jwks() -> Response:
    response = jsonify({"keys": [key.as_dict(private=False)]})
    response.headers["Cache-Control"] = "max-age=60"
    return response


@app.post("/agent-token")
def agent_token() -> Response:
    claims: dict[str, Any] = dict(request.form)
    now = int(time.time())
    claims |= {"iat": now, "exp": now + int(claims.pop("life", "300")), "jti": secrets.token_hex(8)}
    claims.setdefault("iss", issuer)
    return Response(jwt.encode({"alg": "EdDSA", "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=["EdDSA"]),
                    mimetype="text/plain")


@app.get("/resource")
def resource() -> Response:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not text:
        return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    g.token = text
    token = tokens.get(text)
    if token is not None and token.is_active:
        return jsonify(describe(token))
    try:
        if trusted is None or text.count(".") != 2:
            raise ValueError
        claims = jwt.decode(text, trusted, algorithms=["EdDSA", "ES256", "ES384", "ES512", "RS256", "PS256"]).claims
        jwt.JWTClaimsRegistry(now=int(time.time()), exp={"essential": True}).validate(claims)
        return jsonify(claims)
    except (JoseError, ValueError):
        return Response(status=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def faulty(answer: Any) -> Response:
    """The answer, unless the query asks for another."""
    fault = request.args.get("fault")
    if fault is None:
        return answer()
    if fault.isdigit():
        return Response("no", status=int(fault), mimetype="text/plain")
    if fault == "silence":
        time.sleep(60)
    if fault == "html":
        return Response("<html>Sign in</html>", mimetype="text/html")
    if fault == "flood":
        return Response(" " * (2 << 20), mimetype="application/json")
    if fault == "redirect":
        return Response(status=307, headers={"Location": "/token"})
    if fault == "echo":
        sent = request.get_data(cache=True, as_text=True) + " " + request.headers.get("Authorization", "")
        return Response(json.dumps({"error": "invalid_client " + sent, "error_description": sent, "error_uri": sent}),
                        status=401, mimetype="application/json")
    response = answer()
    if response.status_code != 200:
        return response
    members = json.loads(response.get_data())
    members |= {
        "wide": {"scope": (members.get("scope", "") + " admin").strip()},
        "huge": {"access_token": "x" * 20_000},
        "broken-line": {"access_token": members.get("access_token", "") + "\r\nX-Injected: 1"},
        "mac": {"token_type": "mac"},
        "expired": {"expires_in": 0},
    }.get(fault, {})
    response.set_data(json.dumps(members))
    return response


@app.errorhandler(OAuth2Error)
def refuse(error: OAuth2Error) -> Response:
    return server.handle_response(*error())


@app.after_request
def note(response: Response) -> Response:
    form = request.form
    basic = request.authorization if request.authorization and request.authorization.type == "basic" else None
    line: dict[str, Any] = {
        "event": request.path[1:], "status": response.status_code,
        "authenticated": METHODS[0] if basic else METHODS[1] if "client_secret" in form else None,
        "client": basic.username if basic else form.get("client_id"),
        "grant_type": form.get("grant_type"), "scope": form.get("scope"), "audience": form.getlist("audience"),
        "resource": form.getlist("resource"), "subject_token_type": form.get("subject_token_type"),
        "subject": getattr(g, "subject", None),
    }
    if getattr(g, "token", None):
        line["token_sha256"] = hashlib.sha256(g.token.encode()).hexdigest()
    write(line)
    return response


def write(line: dict[str, Any]) -> None:
    path = os.environ.get("LOG")
    if path:
        with lock, open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def main() -> None:
    global issuer
    web = make_server("127.0.0.1", int(os.environ.get("PORT", "0")), app, threaded=True, request_handler=Quiet)
    issuer = f"http://127.0.0.1:{web.server_port}"
    start = {"event": "start", "port": web.server_port, "issuer": issuer, "pid": os.getpid()}
    write(start)
    print(json.dumps(start), flush=True)
    web.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
