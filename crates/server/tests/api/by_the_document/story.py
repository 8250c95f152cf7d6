"""Two devices of another make at a real server: python story.py <server> <code> <code>

Whoever started it reads its standard output line by line, and says in a line when it is done: `revoke <device>` asks the
office to sign that device out; `backup` to take one; `restore` to start the server again from it, which is answered by where
it is found then."""

import base64
import hashlib
import http.client
import random
import sys

import device as devices
from device import Device, SignedOut, Trouble, new_id, now, proof, scope_of, state_of
from document import Refused, Server


def refused(work):
    try:
        work()
    except Refused as refusal:
        return refusal
    raise AssertionError("it was taken")


def the_examples_come_out(server):
    told = server.document["x-gatebook"]
    states = told["tally"]["states"]
    for state in states:
        mine = devices.fingerprint(state["id"], state["epoch"], state["version"], state["received_at"])
        assert (devices.microseconds(state["received_at"]), mine) == (state["t"], state["fingerprint"])
    assert devices.tally(state["fingerprint"] for state in states) == told["tally"]["tally"]
    assert devices.tally([]) == devices.NOTHING
    key = told["device_key"]
    revoked, anew = key["revoked"], key["joins_anew"]
    assert proof("gatebook revoked 1", key["device_key"], key["device_id"], revoked["nonce"]) == revoked["proof"]
    own = key["own_server"]
    asked = "\n".join(own["asked"][part] for part in ("host", "authority", "nonce"))
    assert proof("gatebook own server 2", key["device_key"], own["asked"]["device_id"], asked) == own["proof"]
    assert devices.pin(b"", told["pin"]["alphabet"]) == told["pin"]["of_no_bytes"]
    assert proof("gatebook joins anew 1", key["device_key"], key["device_id"], anew["secret"]) == anew["proof"]


def two_join(server, codes):
    a, b = (Device(server, code, name) for code, name in zip(codes, ("Gate 1", "Gate 2")))
    first = a.joins()
    assert a.joins() == first, "whoever did not hear the answer asks again"
    stranger = Device(server, codes[0], "Somebody else")
    assert refused(stranger.joins).error["code"] == "code_refused"
    b.joins()
    for device in (a, b):
        device.syncs()
    return a, b


class Yard:
    """What a device knows of the place where it works."""

    def __init__(self, device):
        yards = {yard["id"]: yard for yard in device.of_kind("yard")}
        self.yard = yards[device.membership["yard_ids"][0]]
        at_work = [
            held for held in device.of_kind("operator") if self.yard["id"] in held["content"]["body"]["yard_ids"]
        ]
        self.first, self.second = (held["id"] for held in at_work[:2])
        self.templates = device.of_kind("template")
        self.scope = f"yard:{self.yard['id']}"

    def by(self, operator):
        return {"operator": operator, "yard": self.yard}


def blank_gate_event(number, **more):
    equipment = [{"class": "trailer", "number": number}]
    return {"direction": "in", "equipment": equipment, **more}


def a_captures_an_inspection_and_a_gate_event(a, yard):
    template = yard.templates[0]
    rules = template["content"]["body"]
    classes = rules.get("equipment_classes") or ["trailer"]
    inspection = {
        "template": {
            "template_id": template["id"], "code": rules["code"], "revision": rules["revision"], "name": rules["name"]
        },
        "equipment": {"class": classes[0], "number": "T4471"},
        "items": [{"key": item["key"]} for item in rules["items"]],
    }
    carrier = {"name": "Sierra Norte", "usdot": "2217641"}
    if rules.get("asks_parties"):
        inspection |= {"motor_carrier": carrier, "equipment_provider": carrier}
    one = a.write("inspection", inspection, **yard.by(yard.first))
    a.syncs()
    draft = a.known[one]
    assert a.verdicts[draft["write_id"]] == "accepted" and draft["receipt"]["version"] == 1

    # Handed in too early, it is told what is lacking, and the draft stays in force.
    submitted = {"at": now(), "operator_id": yard.first}
    a.write("inspection", {**inspection, "submitted": submitted}, record_id=one, **yard.by(yard.first))
    write = a.pending[one]["push"]["write_id"]
    a.syncs()
    rejection = a.verdicts[write]["rejected"]
    assert rejection["code"] == "invalid" and rejection["path"].startswith("/items"), rejection
    assert a.known[one]["write_id"] == draft["write_id"]

    for item in inspection["items"]:
        item["result"] = "pass"
    inspection["items"][0] |= {"result": "fail_minor", "note": "Left lamp is dim"}
    inspection["odometer"] = {"value": 120_400, "unit": "mi"}
    inspection["signatures"] = [
        {"role": role, "name": "Ana Ruiz", "signed_at": now(), "strokes": [[100, 200, 300, 250, 400, 200]]}
        for role in rules.get("signatures", [])
    ]
    a.write("inspection", {**inspection, "submitted": submitted}, record_id=one, **yard.by(yard.first))
    event = blank_gate_event(
        "TRL7",
        load="loaded",
        seals=[{"number": "UL8812345", "condition": "intact", "class": "H", "affixed_by": "shipper"}],
        driver={"name": "Luis Vega", "licence_number": "12345678", "licence_region": "TX"},
        carrier={"name": "Sierra Norte"},
        submitted=submitted,
    )
    other = a.write("gate_event", event, **yard.by(yard.first))
    writes = [entry["push"]["write_id"] for entry in a.pending.values()]
    a.syncs()
    assert [a.verdicts[write] for write in writes] == ["accepted", "accepted"], [a.verdicts[write] for write in writes]
    assert a.known[one]["receipt"]["version"] == 2 and a.known[other]["receipt"]["version"] == 1
    return other


def b_pulls_page_by_page(a, b, yard):
    for number in range(150):
        a.write("gate_event", blank_gate_event(f"TRL{number}"), **yard.by(yard.first))
    a.syncs()
    b.take = {"records": 40, "bytes": 1 << 20}
    assert b.syncs() >= 4, "a page at a time"
    assert b.known.keys() == a.known.keys()
    for scope in ("org", yard.scope):
        assert b.tally(scope) == a.tally(scope) != devices.NOTHING
    assert (a.repairs, b.repairs) == (0, 0)


def two_write_one_record(a, b, record, yard):
    bodies = {}
    for device, operator, words in ((a, yard.first, "Blue tarp"), (b, yard.second, "Green tarp")):
        bodies[device] = {**device.known[record]["content"]["body"], "remarks": words}
        device.write("gate_event", bodies[device], record_id=record, **yard.by(operator))
    lost, won = (device.pending[record]["push"]["write_id"] for device in (a, b))
    a.syncs()
    b.syncs()
    assert a.verdicts[lost] == "accepted"
    assert b.verdicts[won] == {"conflict": {"kept": "incoming"}}
    a.syncs()
    for device in (a, b):
        assert device.known[record]["content"]["body"]["remarks"] == "Green tarp"
        notices = {notice["content"]["body"]["addressee_id"]: notice for notice in device.of_kind("notice")}
        assert notices.keys() == {yard.first, yard.second}
        for notice in notices.values():
            told = notice["content"]["body"]
            assert scope_of(notice) == yard.scope and (told["record_id"], told["record_kind"]) == (record, "gate_event")
            assert (told["kept"]["write_id"], told["set_aside"]["write_id"]) == (won, lost)
            assert told["differences"] == [{"path": "/remarks", "kept": '"Green tarp"', "set_aside": '"Blue tarp"'}]

    # What was set aside is brought back by writing it again, on what is in force; that settles the notices.
    a.write("gate_event", bodies[a], record_id=record, **yard.by(yard.first))
    a.syncs()
    assert a.known[record]["content"]["body"]["remarks"] == "Blue tarp" and a.of_kind("notice") == []
    assert all(notice["content"]["body"]["settled"]["brings_back"] for notice in a.of_kind("notice", "closed"))


def an_answer_that_is_lost_makes_no_conflict(a, yard):
    event = blank_gate_event("LOST1")
    record = a.write("gate_event", event, **yard.by(yard.first))
    unheard = a.syncs_once(loses_answer=True)["verdicts"][0]
    a.write("gate_event", {**event, "remarks": "Reefer"}, record_id=record, **yard.by(yard.first))
    push = a.pending[record]["push"]
    assert push["follows"] == [unheard["write_id"]] and "base" not in push
    a.syncs()
    assert a.verdicts[push["write_id"]] == "accepted" and a.known[record]["receipt"]["version"] == 2

    # The same write once more is answered the same and changes nothing.
    a.pending[record] = {"push": push}
    a.syncs()
    assert a.verdicts[push["write_id"]] == "accepted" and a.known[record]["receipt"]["version"] == 2


def one_bad_record_spoils_no_other(a, yard):
    good = a.write("gate_event", blank_gate_event("GOOD1"), **yard.by(yard.first))
    cases = {
        "not_permitted": {"operator": new_id(), "yard": yard.yard},
        "unknown_scope": {"operator": yard.first, "yard": {**yard.yard, "id": new_id()}},
    }
    bad = {a.write("gate_event", blank_gate_event("BAD1"), **whose): code for code, whose in cases.items()}
    long = {**blank_gate_event("LONG1"), "lane": "x" * 121}
    a.pending[good]["push"]["content"]["state"] = "voided"
    a.pending[good]["push"]["content"]["state_reason"] = "Entered twice"
    judged = {entry["id"]: entry for entry in a.syncs_once()["verdicts"]}
    assert judged[good]["verdict"] == "accepted" and state_of(a.known[good]) == "voided"
    for record, code in bad.items():
        assert judged[record]["verdict"]["rejected"]["code"] == code and "canonical" not in judged[record]
        assert record not in a.known
    # The document says beforehand what the server would say: this does not even leave the device.
    a.write("gate_event", long, **yard.by(yard.first))
    try:
        a.syncs_once()
    except AssertionError as wrong:
        assert "/lane: " in str(wrong) or "lane" in str(wrong)
    else:
        raise AssertionError("the document sets no limit to it")
    a.pending.clear()

    # What cannot be read is told by its name, and the rest of the page is taken.
    good = a.write("gate_event", blank_gate_event("GOOD2"), **yard.by(yard.first))
    a.write("gate_event", blank_gate_event("TORN1"), **yard.by(yard.first))
    request = a.request()
    torn = request["push"][1]
    del torn["content"]["zone"]
    judged = a.call("POST", "/v1/sync", body=request, is_valid=False).body["verdicts"]
    judged = {entry["write_id"]: entry["verdict"] for entry in judged}
    assert judged[a.pending[good]["push"]["write_id"]] == "accepted"
    rejection = judged[torn["write_id"]]["rejected"]
    assert (rejection["code"], rejection["path"]) == ("invalid", "zone")
    del a.pending[torn["id"]], torn["write_id"]
    nameless = refused(lambda: a.call("POST", "/v1/sync", body=request, is_valid=False))
    assert nameless.error["code"] == "malformed" and "/push/1" in nameless.error["message"]
    a.syncs()


def what_differs_is_found_and_repaired(b, yard):
    b.syncs()
    honest = b.tally(yard.scope)
    in_yard = sorted(held["id"] for held in b.known.values() if scope_of(held) == yard.scope)
    assert len(in_yard) > 64, "so many that they are not simply listed"
    whole = {at: b.known[at] for at in (in_yard[3], in_yard[70])}
    del b.known[in_yard[3]]
    spoiled = b.known[in_yard[70]]
    b.known[in_yard[70]] = {**spoiled, "receipt": {**spoiled["receipt"], "version": spoiled["receipt"]["version"] + 5}}
    b.asked_ranges = 0
    b.syncs()
    assert b.repairs == 1 and b.asked_ranges >= 3, "the whole, then the parts that differ"
    assert b.tally(yard.scope) == honest
    assert {at: b.known[at] for at in whole} == whole


def a_photo_goes_up_and_comes_back(a, b, parent, yard):
    photo = random.Random(7).randbytes(200_000)
    sha256 = hashlib.sha256(photo).hexdigest()
    body = {"parent_id": parent, "role": "photo", "sha256": sha256, "size": len(photo), "media_type": "image/jpeg"}
    record = a.write("attachment", body, **yard.by(yard.first))
    a.syncs()
    question = {"sha256": [sha256]}
    told = a.call("POST", "/v1/photos/have", body=question).body
    assert (told["held"], told["unfinished"]) == ([], []) and told["server"] == a.membership["server"]
    at = {"sha256": sha256}
    assert refused(lambda: a.call("GET", "/v1/photos/{sha256}", at=at)).error["code"] == "not_found"

    tus, base64_of = {"Tus-Resumable": "1.0.0"}, lambda text: base64.b64encode(text.encode()).decode()
    capable = a.server.call("OPTIONS", "/v1/uploads").headers
    assert int(capable["tus-max-size"]) >= len(photo) and "sha256" in capable["tus-checksum-algorithm"].split(",")
    named = {"sha256": sha256, "media_type": "image/jpeg", "record_id": record}
    metadata = ",".join(f"{name} {base64_of(value)}" for name, value in named.items())
    announced = {**tus, "Upload-Length": str(len(photo)), "Upload-Metadata": metadata}
    begun = a.call("POST", "/v1/uploads", headers=announced)
    assert begun.headers["upload-offset"] == "0"
    upload = {"id": begun.headers["location"].rsplit("/", 1)[1]}

    def sends(offset, part, checked=None):
        digest = base64.b64encode(hashlib.sha256(part if checked is None else checked).digest()).decode()
        headers = {
            **tus,
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {digest}",
            "Content-Type": "application/offset+octet-stream",
        }
        return a.call("PATCH", "/v1/uploads/{id}", at=upload, headers=headers, body=part)

    assert sends(0, photo[:120_000]).headers["upload-offset"] == "120000"
    spoiled = refused(lambda: sends(120_000, photo[120_000:130_000], checked=b"another"))
    assert spoiled.status == 460
    wrong = refused(lambda: sends(0, photo[:10]))
    assert wrong.status == 409 and wrong.headers["upload-offset"] == "120000"
    stands = a.call("HEAD", "/v1/uploads/{id}", at=upload, headers=tus).headers
    assert (stands["upload-offset"], stands["upload-length"]) == ("120000", str(len(photo)))
    assert a.call("POST", "/v1/photos/have", body=question).body["unfinished"][0]["offset"] == 120_000
    assert refused(lambda: a.call("HEAD", "/v1/uploads/{id}", at={"id": new_id()}, headers=tus)).status == 404
    sends(120_000, photo[120_000:])

    a.syncs()
    b.syncs()
    for device in (a, b):
        assert "stored_at" in device.known[record]["content"]["body"]
    certain = {**question, "before_letting_go": True}
    assert a.call("POST", "/v1/photos/have", body=certain).body["held"] == [sha256]
    assert b.call("GET", "/v1/photos/{sha256}", at=at).body == photo
    part = b.call("GET", "/v1/photos/{sha256}", at=at, headers={"Range": "bytes=100000-"})
    assert (part.status, part.body) == (206, photo[100_000:])
    again = b.call("GET", "/v1/photos/{sha256}", at=at, headers={"If-None-Match": part.headers["etag"]})
    assert (again.status, again.body) == (304, b"")

    other = a.call("POST", "/v1/uploads", headers=announced).headers["location"].rsplit("/", 1)[1]
    a.call("DELETE", "/v1/uploads/{id}", at={"id": other}, headers=tus)


def news_is_told_as_it_comes(a, b, yard):
    stream = http.client.HTTPConnection(b.server.address, timeout=60)
    stream.request("GET", "/v1/events", headers={"Authorization": f"Bearer {b.membership['token']}"})
    response = stream.getresponse()
    assert response.status == 200 and response.getheader("content-type") == "text/event-stream"
    assert response.readline().startswith(b":")
    a.write("gate_event", blank_gate_event("NEWS1"), **yard.by(yard.first))
    a.syncs()
    lines = iter(response.readline, b"")
    assert next(line for line in lines if line.startswith(b"event:")) == b"event: nudge\n"
    nudge = b.server.json(next(lines).removeprefix(b"data: "))
    b.server.check(["components", "schemas", "Nudge"], nudge)
    assert nudge["scope"] == yard.scope and nudge["seq"] > b.cursors[yard.scope]
    stream.close()
    b.syncs()


def receipts(device):
    return {at: (held["receipt"], held["write_id"]) for at, held in device.known.items()}


def a_restored_server_at_another_address_gets_back_what_it_lost(a, b, yard, asks):
    a.syncs()
    b.syncs()
    asks("backup")
    lost = a.write("gate_event", blank_gate_event("LATER1"), **yard.by(yard.first))
    a.syncs()
    before, epoch = a.known[lost], a.epoch
    address = asks("restore")

    key, b.membership["device_key"] = b.membership["device_key"], "A" * 43
    try:
        b.moves_to(address)
    except Trouble as trouble:
        assert str(trouble) == "another server"
    else:
        raise AssertionError("any server will do")
    b.membership["device_key"] = key

    repairs = a.repairs, b.repairs
    for device in (a, b):
        device.moves_to(address)
        device.syncs()
    assert a.verdicts[before["write_id"]] == "accepted"
    assert a.epoch == b.epoch > epoch and a.known[lost]["receipt"]["epoch"] == a.epoch
    assert a.known[lost]["content"] == before["content"]
    assert receipts(b) == receipts(a)
    assert repairs == (a.repairs, b.repairs)


def each_mistake_is_answered_as_the_document_says(server, a):
    request = a.request()

    def sends(**change):
        return refused(lambda: a.call("POST", "/v1/sync", body={**request, **change}, is_valid=False)).error["code"]

    assert sends(protocol=server.document["x-gatebook"]["protocol"] + 1) == "protocol_unsupported"
    assert sends(take="all") == "malformed"
    most = server.document["x-gatebook"]["limits"]["page_records"]
    assert a.limits == server.document["x-gatebook"]["limits"]
    assert sends(repair={"fetch": [new_id() for _ in range(most + 1)]}) == "too_large"
    status, _, body = server.exchange("GET", "/v1/nothing", {}, None)
    assert (status, server.json(body)["code"]) == (404, "not_found")
    status, _, body = server.exchange("PUT", "/v1/sync", {}, b"{}")
    assert (status, server.json(body)["code"]) == (405, "not_found")
    short = {"code": a.code, "device_name": " "}
    assert refused(lambda: server.call("POST", "/v1/enrol", body=short)).error["code"] == "malformed"
    admins_only = lambda: server.call("GET", "/v1/conflicts", token=a.membership["token"])
    assert refused(admins_only).error["code"] == "forbidden"
    assert server.call("GET", "/health").body["status"] == "ok"


def only_a_proof_signs_a_device_out(a, b, yard, asks):
    kept = a.write("gate_event", blank_gate_event("KEPT1"), **yard.by(yard.first))

    def troubles(work, code):
        try:
            work()
        except Trouble as trouble:
            assert str(trouble) == code, trouble
        else:
            raise AssertionError(f"no trouble by {code}")
        assert not a.is_signed_out and kept in a.pending

    troubles(lambda: a.call("POST", "/v1/sync", token="nobody", body=a.request()), "unauthenticated")
    other = {**a.request(), "server": {**a.membership["server"], "key": "another"}}
    troubles(lambda: a.call("POST", "/v1/sync", body=other), "other_server")
    a.syncs()
    assert kept in a.known

    waiting = b.write("gate_event", blank_gate_event("WAITS1"), **yard.by(yard.second))
    asks(f"revoke {b.membership['device_id']}")
    key, b.membership["device_key"] = b.membership["device_key"], "A" * 43
    try:
        b.syncs()
    except Trouble as trouble:
        assert str(trouble) == "revoked" and not b.is_signed_out, "no proof under its own key"
    b.membership["device_key"] = key
    try:
        b.syncs()
    except SignedOut:
        pass
    assert b.is_signed_out and waiting in b.pending, "what it holds is safe"


def every_operation_of_devices_was_called(server):
    called = {(method, path) for method, path, _ in server.called}
    for path, operations in server.document["paths"].items():
        for method, operation in operations.items():
            is_devices = not {"admin"} & set(operation["tags"]) and path not in ("/openapi.json", "/v1/events")
            assert (method.upper(), path) in called or not is_devices, f"{method} {path}"


def tell(base, *codes):
    def asks(what):
        print(what, flush=True)
        return sys.stdin.readline().strip()

    server = Server(base)
    the_examples_come_out(server)
    a, b = two_join(server, codes)
    yard = Yard(a)
    event = a_captures_an_inspection_and_a_gate_event(a, yard)
    b_pulls_page_by_page(a, b, yard)
    two_write_one_record(a, b, event, yard)
    an_answer_that_is_lost_makes_no_conflict(a, yard)
    one_bad_record_spoils_no_other(a, yard)
    what_differs_is_found_and_repaired(b, yard)
    a_photo_goes_up_and_comes_back(a, b, event, yard)
    news_is_told_as_it_comes(a, b, yard)
    each_mistake_is_answered_as_the_document_says(server, a)
    a_restored_server_at_another_address_gets_back_what_it_lost(a, b, yard, asks)
    only_a_proof_signs_a_device_out(a, b, yard, asks)
    every_operation_of_devices_was_called(server)


tell(*sys.argv[1:])
