//! What happens to an app: it comes to the foreground, is put away, is too old for the server.

use gatebook_client::scheduler::Event;

use super::{Happening, Run, World};
use crate::script::AppEvent;

impl World<'_> {
    pub(crate) fn app_event(&mut self, device: usize, event: AppEvent) -> Run {
        let now = self.time.now();
        let name = self.devices[device].name;
        self.story.tell(now, || format!("{name}: {event:?}"));
        let notified = match event {
            AppEvent::Manual => Some(Event::Manual),
            AppEvent::Resumed => Some(Event::Resumed),
            AppEvent::NetworkChanged => Some(Event::NetworkChanged),
            AppEvent::Suspended => {
                self.on_device(device, |open| open.device.suspend())?;
                None
            }
            AppEvent::Outdated { lasts } => {
                self.tally.fault("app of another protocol version");
                self.devices[device].is_outdated = true;
                self.after(lasts, Happening::Updated { device });
                None
            }
        };
        if let (Some(event), Some(open)) = (notified, &self.devices[device].open) {
            open.device.notify(event);
        }
        self.pump(device)
    }

    pub(crate) fn updated(&mut self, device: usize) -> Run {
        self.devices[device].is_outdated = false;
        Ok(())
    }
}
