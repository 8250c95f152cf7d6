//! No request makes the server large, whatever it unfolds into: measured at a process of its own, by the most memory that it
//! ever had.
#![cfg(target_os = "linux")]

use std::process::Stdio;

use gatebook_sync::wire::{EnrolRequest, EnrolResponse, SyncResponse};
use gatebook_sync::{RejectionCode, Verdict};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::command_line::says;
use crate::support::{Place, client};

const MIB: u64 = 1024 * 1024;
/// What one request may take, above what the server has when nobody asks anything.
const MOST: u64 = 32 * MIB;
/// What the embedded database keeps at hand of its pages, once it has met enough of them: its writer and three readers.
const CACHES: u64 = (64 + 3 * 16) * MIB;
/// Bytes of a body that fit.
const BODY: usize = 250 * 1024;

/// A server in a process of its own, and a device of it.
struct Measured {
    serving: Child,
    base: String,
    token: String,
    yard: String,
    operator: String,
    _place: Place,
}

impl Measured {
    async fn start() -> Self {
        let place = Place::new();
        let seeded: Value = serde_json::from_str(&says(&place, &["seed", "--json"])).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).envs(place.variables()).kill_on_drop(true);
        let mut serving = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("its address");
        let base = line.trim().rsplit(' ').next().unwrap().to_owned();
        let yard = text(&seeded["yards"][0]["id"]);
        let code = says(&place, &["enrolment-code", "--yard", &yard]);
        let request = EnrolRequest::new(code.trim(), "measured");
        let answer = client().post(format!("{base}/v1/enrol")).json(&request).send().await.unwrap();
        let EnrolResponse { token, .. } = answer.json().await.unwrap();
        let operator = text(&seeded["operators"][0]["id"]);
        Self { serving, base, token, yard, operator, _place: place }
    }

    fn process(&self) -> String {
        format!("/proc/{}", self.serving.id().unwrap())
    }

    /// Memory, as the system counts it under that name.
    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("{}/status", self.process())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Sends a page; returns status and answer, and how far above its state before the server came.
    async fn takes(&self, page: String) -> (u16, String, u64) {
        // From here on the system counts the most anew.
        std::fs::write(format!("{}/clear_refs", self.process()), "5").unwrap();
        let before = self.memory("VmRSS");
        let packed = zstd::bulk::compress(page.as_bytes(), 3).unwrap();
        drop(page);
        let request = client().post(format!("{}/v1/sync", self.base)).bearer_auth(&self.token);
        let request = request.header("content-encoding", "zstd").header("accept-encoding", "zstd").body(packed);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let is_packed = answer.headers().contains_key("content-encoding");
        let bytes = answer.bytes().await.unwrap();
        let bytes = if is_packed { zstd::decode_all(&*bytes).unwrap() } else { bytes.to_vec() };
        let peak = self.memory("VmHWM").saturating_sub(before);
        (status, String::from_utf8(bytes).unwrap(), peak)
    }

    fn push(&self, number: usize, kind: &str, body: &str) -> String {
        self.push_of(number, 0, kind, body, &[])
    }

    fn push_of(&self, number: usize, write: usize, kind: &str, body: &str, follows: &[Uuid]) -> String {
        let (id, write_id) = (id(1, number, 0), id(2, number, write));
        let (yard, operator, follows) = (&self.yard, &self.operator, json!(follows));
        format!(
            r#"{{"id":"{id}","write_id":"{write_id}","follows":{follows},"content":{{"kind":"{kind}","yard_id":"{yard}",
            "schema":1,"captured_at":"2026-03-04T14:59:00Z","zone":"America/Chicago","operator_id":"{operator}",
            "body":{body}}}}}"#
        )
    }
}

fn id(sort: u8, number: usize, write: usize) -> Uuid {
    Uuid::from_u128(u128::from(sort) << 120 | (number as u128) << 40 | write as u128)
}

fn page(push: &[String], beside: &str) -> String {
    let push = push.join(",");
    format!(r#"{{"protocol":1,"take":{{"records":1,"bytes":1}},{beside}"push":[{push}]}}"#)
}

/// A gate event with that field of a newer app.
fn event(new: &str) -> String {
    format!(r#"{{"direction":"in","equipment":[],"new":{new}}}"#)
}

/// As much of it as fits into a body.
fn filled(begin: char, one: &str, end: char) -> String {
    let (many, last) = (BODY / (one.len() + 1), one);
    format!("{begin}{}{last}{end}", format!("{one},").repeat(many - 1))
}

/// Members with names of their own.
fn named(value: &str, most: usize) -> String {
    let mut object = String::from("{");
    for at in 0.. {
        let member = format!(r#""{at}":{value},"#);
        if object.len() + member.len() >= BODY || at == most {
            break;
        }
        object.push_str(&member);
    }
    object.push_str(r#""":0}"#);
    object
}

fn verdicts(answer: &str) -> Vec<Verdict> {
    serde_json::from_str::<SyncResponse>(answer).unwrap().verdicts.into_iter().map(|it| it.verdict).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_takes_more_than_32_mb_and_what_stays_is_what_the_database_keeps_at_hand() {
    let server = Measured::start().await;
    let once = |name: &str, body: &str, count: usize| {
        let base = name.len() * 100_000;
        (0..count).map(|at| server.push(base + at, "gate_event", body)).collect::<Vec<_>>()
    };
    let deep = format!("{}{}", "{\"a\":[".repeat(30), "]}".repeat(30));
    let items = format!(
        r#"{{"template":{{"template_id":"{}","code":"x","revision":1,"name":"x"}},
        "equipment":{{"class":"tractor","number":"1"}},"items":{}}}"#,
        Uuid::nil(),
        filled('[', r#"{"key":"a"}"#, ']')
    );
    let junk = |one: &str| format!(r#""junk":[{}{one}],"#, format!("{one},").repeat(4_900_000 / (one.len() + 1)));
    let inputs: Vec<(&str, Vec<u16>, String)> = vec![
        ("an ordinary page", vec![200], page(&once("1", &event("1"), 2_000), "")),
        ("empty lists", vec![413], page(&once("22", &event(&filled('[', "[]", ']')), 19), "")),
        ("fewer empty lists", vec![200], page(&once("333", &event(&filled('[', "[]", ']')), 5), "")),
        ("small objects that fit", vec![200], page(&once("4444", &event(&named("{}", 20_000)), 19), "")),
        ("many names", vec![200], page(&once("55555", &event(&named("1", 60_000)), 15), "")),
        ("deep", vec![200], page(&once("666666", &event(&filled('[', &deep, ']')), 10), "")),
        ("long texts", vec![200], page(&once("7777777", &event(&format!("\"{}\"", "x".repeat(BODY))), 18), "")),
        (
            "typed lists",
            vec![200],
            page(&(0..19).map(|at| server.push(at, "inspection", &items)).collect::<Vec<_>>(), ""),
        ),
        ("very many records", vec![413], page(&once("88888888", "{}", 12_000), "")),
        (
            "entries of nothing",
            vec![413],
            format!(r#"{{"protocol":1,"take":{{"records":1,"bytes":1}},"push":[{}1]}}"#, "1,".repeat(900_000)),
        ),
        ("values that nobody reads", vec![413], page(&[], &junk("1"))),
        ("texts that nobody reads", vec![200], page(&[], &junk(&format!("\"{}\"", "x".repeat(1_000))))),
        (
            "what is fetched",
            vec![413],
            page(
                &[],
                &format!(
                    r#""repair":{{"fetch":[{}"{}"]}},"#,
                    format!("\"{}\",", Uuid::nil()).repeat(120_000),
                    Uuid::nil()
                ),
            ),
        ),
        ("too large", vec![413], page(&once("999999999", &event("1"), 20_000), "")),
    ];
    let idle = server.memory("RssAnon");
    let mut highest = (0, String::new());
    let mut told = |name: &str, status: u16, peak: u64| {
        eprintln!("{name}: {status}, {} KiB", peak / 1024);
        highest = highest.clone().max((peak, name.to_owned()));
    };
    for (name, statuses, page) in inputs {
        let (status, answer, peak) = server.takes(page).await;
        assert!(statuses.contains(&status), "{name}: {status}: {}", &answer[..answer.len().min(500)]);
        told(name, status, peak);
    }
    // What the server holds may be far larger than what names it.
    let large = |write: usize| format!(r#"{{"direction":"in","equipment":[],"new":"{write}{}"}}"#, "y".repeat(BODY));
    for round in 0..5 {
        let push: Vec<_> =
            (0..15).map(|at| server.push_of(round * 100 + at, 0, "gate_event", &large(0), &[])).collect();
        let (status, _, peak) = server.takes(page(&push, "")).await;
        assert_eq!(status, 200);
        told("large records", status, peak);
    }
    let stale = |from: usize, records: usize, body: &str| {
        let push: Vec<_> = (from..from + records)
            .map(|at| server.push_of(at / 15 * 100 + at % 15, 1 + from, "gate_event", body, &[]))
            .collect();
        page(&push, "")
    };
    let (status, _, peak) = server.takes(stale(0, 75, &event("2"))).await;
    assert_eq!(status, 413, "what it would have to be compared with is too much");
    told("small changes of large records", status, peak);
    let (status, answer, peak) = server.takes(stale(20, 8, &large(1))).await;
    assert_eq!(status, 200);
    assert!(verdicts(&answer).iter().all(|verdict| matches!(verdict, Verdict::Conflict { .. })));
    told("conflicts of large records", status, peak);
    let follows: Vec<Uuid> = (0..75).map(|at| id(2, at / 15 * 100 + at % 15, 0)).collect();
    let follower = server.push_of(900, 0, "gate_event", &event("3"), &follows);
    let (status, _, peak) = server.takes(page(&[follower], "")).await;
    assert_eq!(status, 200, "a record alone is always taken");
    told("a change after large ones", status, peak);
    let everything = r#"{"protocol":1,"take":{"records":4000000000,"bytes":4000000000}}"#.to_owned();
    for _ in 0..4 {
        let (status, answer, peak) = server.takes(everything.clone()).await;
        assert!(status == 200 && answer.len() < 24 << 20);
        told("everything there is", status, peak);
    }
    let after = server.memory("RssAnon");
    eprintln!(
        "idle: {} KiB before, {} KiB after, {} KiB of files",
        idle / 1024,
        after / 1024,
        server.memory("RssFile") / 1024
    );
    assert!(after <= idle + CACHES, "{} MB stay", (after - idle) / MIB);
    assert!(highest.0 <= MOST, "{} took {} MB", highest.1, highest.0 / MIB);
}

#[tokio::test]
async fn a_record_that_unfolds_into_too_much_is_told_so_and_keeps_no_other_out() {
    let server = Measured::start().await;
    let push = [
        server.push(1, "gate_event", &event("1")),
        server.push(2, "gate_event", &event(&filled('[', "1", ']'))),
        server.push(3, "gate_event", &event("3")),
    ];
    let (status, answer, _) = server.takes(page(&push, "")).await;
    assert_eq!(status, 200);
    let [first, second, third]: [_; 3] = verdicts(&answer).try_into().unwrap();
    assert_eq!([first, third], [Verdict::Accepted, Verdict::Accepted]);
    let Verdict::Rejected(rejection) = second else { panic!("{second:?}") };
    assert_eq!(rejection.code, RejectionCode::TooLarge);
    assert!(rejection.message.contains("Split it into two records"), "{}", rejection.message);
}
