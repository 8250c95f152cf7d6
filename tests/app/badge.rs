//! What is seen of a sync.

use crate::support::{App, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn the_badge_counts_while_a_sync_runs_and_then_goes() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    app.gone("sync-badge").await;
    yard.link.hold();
    app.gate_in("Roy Castillo").await;
    app.tap("submit").await;
    // It comes by itself: nobody asks for this sync.
    app.reads("sync-badge", |text| text == "Syncing 1 item").await;
    yard.link.mend();
    app.gone("sync-badge").await;
    app.until("the server has it", async || app.pending() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_app_and_a_cut_link_show_no_badge() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    yard.link.cut();
    app.gate_in("Roy Castillo").await;
    app.tap("submit").await;
    app.see("confirmation").await;
    app.tap("sync-now").await;
    app.until("the attempt has failed", async || {
        app.stored("SELECT value ->> 'failures' FROM settings WHERE name = 'attempts'") != "0"
    })
    .await;
    app.gone("sync-badge").await;
    assert!(!app.shows("sync-problem-banner").await, "having no signal is nothing to be told of");
}
