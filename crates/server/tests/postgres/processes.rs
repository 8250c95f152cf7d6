//! The real program, several times over one database: what one takes the others show, and what one was killed in the
//! middle of another answers.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use gatebook_sync::wire::{EnrolRequest, SyncRequest, SyncResponse};
use gatebook_sync::{Scope, Verdict};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use uuid::Uuid;

use crate::support::{Place, TestDevice, client, gate_event};

fn says(place: &Place, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
    let output = command.args(arguments).envs(place.variables()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A program that serves, and where.
async fn node(place: &Place) -> (Child, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
    command.args(["serve", "--listen", "127.0.0.1:0"]).envs(place.variables()).kill_on_drop(true);
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(at) = line.find("http://127.0.0.1:") {
            return (child, line[at..].trim().to_owned());
        }
    }
    panic!("the program ended before it told its address");
}

#[tokio::test]
async fn three_programs_take_one_page_at_once_and_judge_it_once_though_one_is_killed() {
    let place = Place::new();
    let seeded: Value = serde_json::from_str(&says(&place, &["seed", "--json"])).unwrap();
    let id = |of: &Value| of["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    let (yard, operator) = (id(&seeded["yards"][0]), id(&seeded["operators"][0]));
    let code = says(&place, &["enrolment-code", "--yard", &yard.to_string()]).trim().to_owned();
    let (mut killed, first) = node(&place).await;
    let ((_second, second), (_third, third)) = (node(&place).await, node(&place).await);
    let request = EnrolRequest::new(code, "A");
    let enrolled = client().post(format!("{first}/v1/enrol")).json(&request).send().await.unwrap();
    let a = TestDevice::new(&first, 1, enrolled.json().await.unwrap(), yard, operator);

    let mut written = BTreeSet::new();
    for round in 0..10 {
        let page: Vec<_> = (0..20).map(|at| gate_event(&format!("{round} {at}")).written_on(&a)).collect();
        written.extend(page.iter().map(|push| push.id));
        let request = SyncRequest { push: page, ..a.request() };
        let body = serde_json::to_string(&request).unwrap();
        let ask = |base: &str| client().post(format!("{base}/v1/sync")).bearer_auth(&a.token).body(body.clone()).send();
        let dying = ask(&first);
        let (gone, one, other) = if round == 5 {
            // Wherever in the page it is.
            let (gone, one, other, ()) =
                tokio::join!(dying, ask(&second), ask(&third), async { killed.kill().await.unwrap() });
            (gone.ok(), one, other)
        } else {
            let (gone, one, other) = tokio::join!(dying, ask(&second), ask(&third));
            (gone.ok(), one, other)
        };
        assert!(round > 4 || gone.is_some());
        for answer in [one, other] {
            let answer: SyncResponse = answer.unwrap().json().await.unwrap();
            assert!(answer.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
            assert_eq!(answer.verdicts.len(), 20);
        }
    }

    for base in [&second, &third] {
        a.finds(base);
        let answer = a.sync(SyncRequest { epoch: None, cursors: BTreeMap::new(), ..a.request() }).await;
        assert!(!answer.more);
        let of_the_yard = answer.scopes.iter().filter(|page| page.scope == Scope::Yard(yard));
        let events: Vec<_> =
            of_the_yard.flat_map(|page| &page.records).filter(|it| it.content.kind == "gate_event").collect();
        assert_eq!(events.iter().map(|it| it.id).collect::<BTreeSet<_>>(), written);
        assert!(events.iter().all(|it| it.receipt.version == 1), "nothing took effect twice");
    }
}
