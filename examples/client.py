"""Sends requests for the example programs, and raises their failures. See docs/clients.md."""

import json
import urllib.request
from http.client import HTTPException
from typing import Any

URL = "http://127.0.0.1:8000/graphql"

SIGN_IN = """mutation ($login: String!, $password: String!) {
  signIn(input: {login: $login, password: $password}) { tokens { accessToken } errors { message } } }"""


class Failed(Exception):
    """A failure. The message is one sentence for the user."""


def ask(url: str, document: str, token: str | None = None, **variables: str) -> Any:
    """Sends a document with one mutation and returns its payload. Raises Failed when it is refused or not
    answered."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=15) as response:
            answer = json.load(response)
    except (OSError, ValueError, HTTPException) as error:
        raise Failed(f"No answer from a Pocket Pay server at {url} ({error}). Start one with: make run") from error
    if "errors" in answer:
        raise Failed(answer["errors"][0]["message"])
    (payload,) = answer["data"].values()
    if payload["errors"]:
        raise Failed(payload["errors"][0]["message"])
    return payload


def sign_in(url: str, login: str, password: str) -> str:
    """Signs in and returns an access token. It is valid for ten minutes."""
    token: str = ask(url, SIGN_IN, login=login, password=password)["tokens"]["accessToken"]
    return token
