"""A device, written from the server's `/openapi.json` and nothing else. What it keeps it keeps in memory."""

import base64
import hashlib
import hmac
import os
import secrets
import time
import uuid
from datetime import datetime, timezone
from urllib.parse import urlsplit

from document import Refused

MASK = (1 << 64) - 1
NOTHING = {"records": 0, "sum": "0" * 16}
FIRST, LAST = str(uuid.UUID(int=0)), str(uuid.UUID(int=(1 << 128) - 1))


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def microseconds(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def fingerprint(record_id, epoch, version, received_at):
    number = uuid.UUID(record_id).int
    h = mix(number >> 64)
    for part in (number & MASK, epoch, version, microseconds(received_at) & MASK):
        h = mix(h ^ part)
    return f"{h:016x}"


def tally(fingerprints):
    fingerprints = list(fingerprints)
    total = sum(int(each, 16) for each in fingerprints) & MASK
    return {"records": len(fingerprints), "sum": f"{total:016x}"}


def proof(words, key, device_id, text):
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    tag = hmac.new(raw, words.encode() + uuid.UUID(device_id).bytes + text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(tag).decode().rstrip("=")


def pin(certificate, alphabet):
    bits = int.from_bytes(hashlib.sha256(certificate).digest(), "big") >> 156
    letters = "".join(alphabet[bits >> at & 31] for at in range(95, -1, -5))
    return "-".join(letters[at:at + 5] for at in range(0, 20, 5))


def new_id():
    number = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 2 << 62))


def now():
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


class SignedOut(Exception):
    pass


class Trouble(Exception):
    """Nothing was learned; what the device has, it keeps."""


class Device:
    def __init__(self, server, code, name):
        self.server, self.code, self.name = server, code, name
        self.secret = secrets.token_urlsafe(24)
        self.membership = None
        self.epoch = self.mark = None
        self.cursors, self.known, self.pending = {}, {}, {}
        self.limits = {"page_records": 100}
        self.take = {"records": 1000, "bytes": 1 << 20}
        self.repair, self.reoffer, self.verdicts = {}, [], {}
        self.not_shown = None
        self.repairs, self.asked_ranges, self.is_signed_out = 0, 0, False

    # --- joining and calling

    def joins(self):
        request = {"code": self.code, "device_name": self.name, "secret": self.secret}
        self.membership = self.server.call("POST", "/v1/enrol", body=request).body
        return self.membership

    def moves_to(self, base):
        """Goes on at a new address, if its own server answers there."""
        nonce, there = secrets.token_urlsafe(12), self.server.moved_to(base)
        host = urlsplit(base).hostname
        question = {"device_id": self.membership["device_id"], "nonce": nonce, "host": host}
        told = there.call("POST", "/v1/proof", body=question).body["proof"]
        key, device_id = self.membership["device_key"], self.membership["device_id"]
        if not hmac.compare_digest(told, proof("gatebook own server 2", key, device_id, f"{host}\n\n{nonce}")):
            raise Trouble("another server")
        self.server = there

    def call(self, method, path, *, token=None, headers=None, **more):
        nonce = secrets.token_urlsafe(12)
        headers = {"x-gatebook-nonce": nonce, **(headers or {})}
        try:
            return self.server.call(method, path, token=token or self.membership["token"], headers=headers, **more)
        except Refused as refused:
            if self.is_proved(refused, nonce):
                self.is_signed_out = True
                raise SignedOut from refused
            if refused.status in (401, 403) or refused.error.get("code") == "other_server":
                raise Trouble(refused.error["code"]) from refused
            raise

    def is_proved(self, refused, nonce):
        expected = proof("gatebook revoked 1", self.membership["device_key"], self.membership["device_id"], nonce)
        told = refused.error.get("proof", "")
        return refused.status == 403 and refused.error["code"] == "revoked" and hmac.compare_digest(told, expected)

    # --- writing

    def write(self, kind, body, *, operator, yard, record_id=None, **more):
        """Commits a change; it is pending from then on."""
        record_id = record_id or new_id()
        known, before = self.known.get(record_id), self.pending.get(record_id)
        push = {
            "id": record_id,
            "write_id": new_id(),
            "content": {
                "kind": kind,
                "yard_id": yard["id"],
                "schema": self.server.document["x-gatebook"]["schema"],
                "state": "live",
                "captured_at": now(),
                "zone": yard["content"]["body"]["time_zone"],
                "operator_id": operator,
                "body": body,
                **more,
            },
        }
        if before is not None and before.get("was_sent"):
            push["follows"] = [*before["push"].get("follows", []), before["push"]["write_id"]]
            if "base" in before["push"]:
                push["base"] = before["push"]["base"]
        elif known is not None:
            push["base"] = known["receipt"]
        self.pending[record_id] = {"push": push}
        return record_id

    # --- syncing

    def request(self):
        protocol = self.server.document["x-gatebook"]["protocol"]
        request = {"protocol": protocol, "app": "by the document", "cursors": dict(self.cursors), "take": self.take}
        most = self.limits["page_records"]
        request["push"] = [entry["push"] for entry in self.pending.values()][:most]
        if self.epoch is not None:
            request["epoch"] = self.epoch
        if self.mark is not None:
            request["mark"] = self.mark
        if self.repair:
            request["repair"] = self.repair
        offered = self.reoffer[: most - len(request["push"])]
        if offered:
            request["reoffer"] = offered
        request["server"] = self.membership["server"]
        return request

    def syncs_once(self, loses_answer=False):
        request = self.request()
        for push in request["push"]:
            self.pending[push["id"]]["was_sent"] = True
        answer = self.call("POST", "/v1/sync", body=request).body
        if not loses_answer:
            self.takes(request, answer)
        return answer

    def syncs(self):
        """A round. Returns how many requests it took."""
        for requests in range(1, 200):
            answer = self.syncs_once()
            if not (answer["more"] or self.pending or self.repair or self.reoffer):
                return requests
        raise AssertionError("the round does not end")

    def takes(self, request, answer):
        if answer.get("server") != self.membership["server"]:
            raise Trouble("another server")
        if self.epoch not in (None, answer["epoch"]):
            self.cursors = {}
            self.not_shown = {held["write_id"]: held for held in self.known.values()}
        self.epoch, self.limits = answer["epoch"], answer["limits"]
        self.mark = answer.get("mark", self.mark)
        self.repair, self.reoffer = {}, self.reoffer[len(request.get("reoffer", [])):]
        for judged in answer["verdicts"]:
            self.hears(request, judged)
        named = {page["scope"] for page in answer["scopes"]}
        self.known = {at: held for at, held in self.known.items() if scope_of(held) in named}
        for page in answer["scopes"]:
            for canonical in page["records"]:
                self.stores(canonical)
            for gone in page.get("left", []):
                held = self.known.get(gone["id"])
                if held is not None and order(held["receipt"])[:2] < (gone["version"]["epoch"], gone["version"]["version"]):
                    del self.known[gone["id"]]
        self.cursors = {page["scope"]: page["cursor"] for page in answer["scopes"]}
        if self.not_shown is not None and not answer["more"]:
            self.reoffer, self.not_shown = list(self.not_shown.values()), None
        if self.not_shown is None and not self.reoffer:
            self.compares(answer)

    def hears(self, request, judged):
        sent = [*request["push"], *request.get("reoffer", [])]
        sent = next((offered for offered in sent if offered["write_id"] == judged["write_id"]), None)
        self.verdicts[judged["write_id"]] = judged["verdict"]
        canonical = judged.get("canonical", {})
        if "record" in canonical:
            self.stores(canonical["record"])
        elif "as_sent" in canonical and sent is not None:
            told = {"id": sent["id"], "receipt": canonical["as_sent"], "write_id": sent["write_id"]}
            self.stores({**told, "content": sent["content"]})
        entry = self.pending.get(judged["id"])
        if entry is not None and entry["push"]["write_id"] == judged["write_id"]:
            del self.pending[judged["id"]]

    def stores(self, canonical, whatever_is_held=False):
        if self.not_shown is not None:
            self.not_shown.pop(canonical["write_id"], None)
        held = self.known.get(canonical["id"])
        if held is None or whatever_is_held or order(held["receipt"]) <= order(canonical["receipt"]):
            self.known[canonical["id"]] = canonical

    # --- comparing and repairing

    def fingerprints(self, scope, first=FIRST, last=LAST):
        within = (held for held in self.known.values() if scope_of(held) == scope and first <= held["id"] <= last)
        receipts = ((held["id"], held["receipt"]) for held in within)
        return {at: fingerprint(at, it["epoch"], it["version"], it["received_at"]) for at, it in receipts}

    def tally(self, scope, first=FIRST, last=LAST):
        return tally(self.fingerprints(scope, first, last).values())

    def compares(self, answer):
        ranges, fetch = [], []
        repaired = answer.get("repaired", {})
        for canonical in repaired.get("records", []):
            self.stores(canonical, whatever_is_held=True)
        for part in repaired.get("parts", []):
            of = part["range"]
            mine = self.fingerprints(of["scope"], of["from"], of["to"])
            if tally(mine.values()) == part["tally"]:
                continue
            if "entries" not in part:
                ranges.append(of)
                continue
            theirs = {entry["id"]: entry["fingerprint"] for entry in part["entries"]}
            fetch += [at for at, print_of in theirs.items() if mine.get(at) != print_of]
            self.reoffer += [self.known[at] for at in mine if at not in theirs]
        if not repaired:
            for page in answer["scopes"]:
                if "tally" in page and self.tally(page["scope"]) != page["tally"]:
                    self.repairs += 1
                    ranges.append({"scope": page["scope"], "from": FIRST, "to": LAST})
        self.asked_ranges += len(ranges)
        wanted = {"ranges": ranges, "fetch": fetch}
        self.repair = {name: asked for name, asked in wanted.items() if asked}

    # --- reading

    def of_kind(self, kind, state="live"):
        return [held for held in self.known.values() if held["content"]["kind"] == kind and state_of(held) == state]


def scope_of(canonical):
    yard = canonical["content"].get("yard_id")
    return "org" if yard is None else f"yard:{yard}"


def state_of(canonical):
    return canonical["content"].get("state", "live")


def order(receipt):
    return receipt["epoch"], receipt["version"], microseconds(receipt["received_at"])
