//! Every page, on a phone and on a kiosk, in the light and in the dark: pictures for people to look at.

use crate::support::{App, KIOSK, PHONE, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn look() {
    let yard = Yard::open().await;
    let app = App::open().await;
    let out = std::path::Path::new("/tmp/shots");
    app.picture(&out.join("enrol.png")).await;
    app.join(&yard, 0, "Phone", "María Torres").await;
    app.picture(&out.join("work.png")).await;
    app.size(KIOSK).await;
    app.picture(&out.join("work-kiosk.png")).await;
    app.size(PHONE).await;
    eprintln!("{}", app.page().await);
}
