"""A server as its `/openapi.json` describes it. Every request is held against the document before it is sent, and every
answer when it has come: the address, the status, the headers, and each field of the bodies."""

import copy
import http.client
import json
from urllib.parse import quote, urlsplit

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

ROOT = "urn:document"


class Refused(Exception):
    """An answer that is not 2xx."""

    def __init__(self, answer):
        super().__init__(f"{answer.status}: {answer.body}")
        self.answer, self.status, self.headers = answer, answer.status, answer.headers
        self.error = answer.body if isinstance(answer.body, dict) else {}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Server:
    def __init__(self, base):
        self.address = urlsplit(base).netloc
        status, headers, body = self.exchange("GET", "/openapi.json", {}, None)
        assert status == 200 and headers["content-type"] == "application/json"
        self.document = json.loads(body)
        OpenAPIV31SpecValidator(self.document).validate()
        strict = copy.deepcopy(self.document)
        takes_nothing_else(strict["components"])
        self.schemas = Registry().with_resource(ROOT, DRAFT202012.create_resource(strict))
        self.called = set()

    def moved_to(self, base):
        """The same, at another address."""
        moved = copy.copy(self)
        moved.address = urlsplit(base).netloc
        return moved

    def exchange(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def call(self, method, path, *, at=None, token=None, headers=None, body=None, is_valid=True):
        """Calls the operation at that path of the document. `body`: JSON, or bytes. `is_valid=False`: a request that is
        wrong on purpose."""
        headers, at = dict(headers or {}), at or {}
        operation = self.document["paths"][path][method.lower()]
        if is_valid:
            self.check_request(operation, path, method, headers, at, body, token)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        media_type = headers.get("Content-Type")
        if body is not None and not isinstance(body, bytes):
            media_type, body = "application/json", json.dumps(body).encode()
            headers["Content-Type"] = media_type
        address = path
        for name, value in at.items():
            address = address.replace("{" + name + "}", quote(value))
        status, told, text = self.exchange(method, address, headers, body)
        return self.check_answer(operation, path, method, status, told, text)

    def check_request(self, operation, path, method, headers, at, body, token):
        assert (token is not None) == bool(operation.get("security")), f"{method} {path}: a token, or none"
        sent = {name.lower(): value for name, value in headers.items()}
        known = {"content-type", "authorization"}
        for place, parameter in enumerate(operation.get("parameters", [])):
            name = parameter["name"]
            value = at.get(name) if parameter["in"] == "path" else sent.get(name.lower())
            known.add(name.lower())
            assert value is not None or not parameter.get("required"), f"{method} {path}: {name} is missing"
            if value is not None:
                number = parameter["schema"].get("type") == "integer"
                self.check([*where(path, method), "parameters", place, "schema"], int(value) if number else value)
        assert set(sent) <= known, f"{method} {path}: the document knows nothing of {set(sent) - known}"
        content = operation.get("requestBody", {}).get("content", {})
        if isinstance(body, bytes):
            assert headers["Content-Type"] in content, f"{method} {path} does not take {headers['Content-Type']}"
        elif body is not None:
            self.check([*where(path, method), "requestBody", "content", "application/json", "schema"], body)
        else:
            assert not operation.get("requestBody", {}).get("required"), f"{method} {path} wants a body"

    def check_answer(self, operation, path, method, status, headers, text):
        assert "x-gatebook-server" in headers, "somebody in between answers"
        responses = operation["responses"]
        assert str(status) in responses, f"{method} {path} answers {status}: {text}"
        response, place = responses[str(status)], [*where(path, method), "responses", str(status)]
        for name, header in response.get("headers", {}).items():
            if "$ref" in header:
                header = self.document["components"]["headers"][header["$ref"].rsplit("/", 1)[1]]
            assert name.lower() in headers or not header.get("required"), f"{method} {path} {status}: {name} is missing"
        content = response.get("content", {})
        body = text
        if text and method != "HEAD":
            media_type = headers["content-type"]
            range_of = media_type.split("/")[0] + "/*"
            assert media_type in content or range_of in content, f"{method} {path} {status} is {media_type}"
            if media_type == "application/json":
                body = json.loads(text)
                self.check([*place, "content", media_type, "schema"], body)
        else:
            assert method == "HEAD" or "application/json" not in content, f"{method} {path} {status} has no body"
        self.called.add((method, path, status))
        answer = Answer(status, headers, body)
        if status >= 400:
            raise Refused(answer)
        return answer

    def check(self, place, value):
        pointer = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in place)
        schema = {"$ref": f"{ROOT}#/{pointer}"}
        checks = Draft202012Validator(schema, registry=self.schemas, format_checker=Draft202012Validator.FORMAT_CHECKER)
        wrong = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in checks.iter_errors(value)]
        assert not wrong, f"{pointer} does not describe this: {wrong[:5]}"

    def json(self, text):
        return json.loads(text)


def where(path, method):
    return ["paths", path, method.lower()]


def takes_nothing_else(schema):
    """The document leaves room for fields of later versions. This version has to describe each that it writes."""
    if isinstance(schema, list):
        for entry in schema:
            takes_nothing_else(entry)
    elif isinstance(schema, dict):
        for entry in list(schema.values()):
            takes_nothing_else(entry)
        if schema.get("type") == "object" and "properties" in schema:
            schema["unevaluatedProperties"] = False
