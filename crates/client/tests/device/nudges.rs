//! The server tells of news while somebody looks at the app.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::TestYard;

/// After a round the timer brings the next one half a minute later at the earliest.
const BEFORE_THE_TIMER: Duration = Duration::from_secs(25);

#[tokio::test]
async fn what_others_send_comes_without_waiting_for_the_timer_while_somebody_looks_at_the_app() {
    let yard = TestYard::open().await;
    let kiosk = yard.device("kiosk", "María Torres").await;
    let phone = yard.new_device("phone").await;
    phone.joins(&yard.code()).await;
    phone.scheduler_shows("no round is under way", |status| !status.running).await;
    phone.device.set_looked_at(true);

    // The first may be sent before the phone listens, the next is told of.
    let (begun, mut sent) = (Instant::now(), Vec::new());
    while !sent.iter().any(|id| phone.device.store().held(*id).unwrap().is_some()) {
        assert!(begun.elapsed() < BEFORE_THE_TIMER, "nothing came by itself");
        sent.push(kiosk.records("news"));
        kiosk.syncs().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
