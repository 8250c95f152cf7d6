//! Who is who: devices that join and are signed out, and servers that answer in place of the right one.

use std::sync::Arc;

use gatebook_server::{Config, Server, ServerError};
use gatebook_sync::DeviceKey;
use gatebook_sync::wire::{ApiError, ApiErrorCode, EnrolRequest, SyncRequest, SyncResponse};
use uuid::Uuid;

use super::{Happening, Run, World};
use crate::clock::{Instant, SECOND};
use crate::tally::Invariant;
use crate::templates::{DEVICE_NAMES, tenant_id, yard_id};

/// What answers in place of the server.
pub(crate) struct Impostor {
    server: Server,
    pub until: Instant,
}

impl World<'_> {
    /// Something else answers at the server's address: a server begun on an empty folder, or on a copy of the right data under
    /// a key of its own.
    pub(crate) fn impostor(&mut self, is_empty: bool, lasts: Instant) -> Run {
        if self.host.is_down || self.host.impostor.is_some() {
            return Ok(());
        }
        let what =
            if is_empty { "server started on an empty folder" } else { "server started on a copy, with another key" };
        self.tally.fault(what);
        self.story.tell(self.time.now(), || format!("for a while it is a {what}"));
        let environment = Arc::clone(&self.host.machine);
        let config = Config::new(self.host.folder.with_file_name(if is_empty { "empty" } else { "copy" }));
        if !is_empty {
            let copied = self.copy_to(&config.data);
            self.works("copying the server's data", copied)?;
        }
        let opened = Server::open(Config { environment, new_key: true, ..config });
        let server = self.works("opening another server", opened)?;
        let until = self.time.now() + lasts;
        self.host.impostor = Some(Impostor { server, until });
        self.after(lasts, Happening::ItselfAgain);
        Ok(())
    }

    /// The right server answers again.
    pub(crate) fn itself_again(&mut self) {
        if self.host.impostor.take_if(|impostor| impostor.until <= self.time.now()).is_some() {
            self.story.tell(self.time.now(), || "the server is itself again".to_owned());
        }
    }

    /// What the impostor answers, if there is one.
    pub(crate) fn impostors_answer(
        &mut self,
        token: &str,
        nonce: &str,
        request: &SyncRequest,
    ) -> Option<Result<SyncResponse, ApiError>> {
        let server = self.host.impostor.as_ref()?.server.clone();
        Some(server.admit(token, Some(nonce)).and_then(|device| server.sync(&device, request.clone())))
    }

    /// Whom the server lets in: those that the office has not signed out, whatever became of its database, and nobody else.
    pub(crate) fn check_admitted(
        &mut self,
        device: usize,
        token: &str,
        answer: &Result<SyncResponse, ApiError>,
    ) -> Run {
        let name = self.devices[device].name;
        let is_out = self.oracle.signed_out.contains(token);
        let is_refused = answer.as_ref().is_err_and(|error| {
            matches!(error.code, ApiErrorCode::Revoked | ApiErrorCode::Unauthenticated | ApiErrorCode::OtherServer)
        });
        self.hold(Invariant::SignedOut, is_out == is_refused, |_| {
            format!("the office has signed out {name}: {is_out}; the server refused it: {is_refused}")
        })
    }

    /// A device counts itself as signed out only if the office has signed it out.
    pub(crate) fn check_signed_out(&mut self, device: usize) -> Run {
        let sim = &self.devices[device];
        let Some(open) = &sim.open else { return Ok(()) };
        let (believes, name, is_revoked) = (open.device.is_signed_out(), sim.name, sim.is_revoked);
        let believes = self.works("reading who the device is", believes)?;
        self.hold(Invariant::SignedOut, is_revoked || !believes, |_| {
            format!("{name} takes itself to be signed out, and the office knows nothing of it")
        })
    }

    /// Whether the server may have lost that the device joined, as it is now or as it was before: it was restored from a
    /// backup from before that.
    pub(crate) fn may_be_forgotten(&self, device: usize) -> bool {
        self.host.restored_from.is_some_and(|backup| self.devices[device].joined_at >= backup)
    }

    /// Whether the office does not find the device because a restored server has lost it, and has not heard from it since.
    pub(super) fn is_unheard_of(&self, device: usize, error: &ServerError) -> bool {
        self.may_be_forgotten(device)
            && matches!(error, ServerError::Refused(refused) if refused.code == ApiErrorCode::NotFound)
    }

    /// The office signs a device out.
    pub(crate) fn revoke(&mut self, device: usize, lasts: Instant) -> Run {
        let id = self.devices[device].id.to_string();
        match self.on_server(SECOND, |server| server.revoke(None, &id))? {
            Some(Err(error)) if self.is_unheard_of(device, &error) => return Ok(()),
            Some(done) => self.works("revoking a device", done)?,
            None => {}
        }
        let sim = &mut self.devices[device];
        sim.is_revoked = true;
        self.oracle.signed_out.insert(sim.token.clone());
        let name = sim.name;
        self.story.tell(self.time.now(), || format!("the office revokes {name}"));
        self.after(lasts, Happening::Reenrols { device });
        Ok(())
    }

    /// A revoked device gets a new code, and joins with it. Whoever did not hear the answer asks again with the same code.
    pub(crate) fn reenrol(&mut self, device: usize) -> Run {
        if !self.devices[device].is_revoked {
            return Ok(());
        }
        if self.host.is_down || self.devices[device].open.is_none() {
            self.after(10 * SECOND, Happening::Reenrols { device });
            return Ok(());
        }
        let name = DEVICE_NAMES[self.devices[device].identity];
        let Some(code) = self.code_for(device)? else { return Ok(()) };
        let Some(request) = self.on_device(device, |open| open.device.joining_by_hand(&code, name))? else {
            self.after(10 * SECOND, Happening::Reenrols { device });
            return Ok(());
        };
        let request: EnrolRequest = self.works("asking to join", request)?;
        let Some(answer) = self.on_server(SECOND, |server| server.enrol(&request))? else {
            self.after(10 * SECOND, Happening::Reenrols { device });
            return Ok(());
        };
        let answer = match answer {
            // The server was restored since the code was made, or the time to repeat the request is over.
            Err(error)
                if error.code == ApiErrorCode::CodeRefused && self.devices[device].code_made_at < self.time.now() =>
            {
                self.devices[device].code = None;
                return self.reenrol(device);
            }
            answer => self.works("joining anew", answer)?,
        };
        let sim = &mut self.devices[device];
        let before = sim.joined_as.replace(answer.device_id);
        self.hold(Invariant::SignedOut, before.is_none_or(|before| before == answer.device_id), |_| {
            format!("{name} repeated its request to join and became another device")
        })?;
        let enrolled =
            self.on_device(device, |open| open.device.enrolled("https://simulated", name, answer.clone()))?;
        if enrolled.is_none() {
            // Killed before it knew its token.
            self.tally.fault("answer to joining lost");
            self.after(10 * SECOND, Happening::Reenrols { device });
            return Ok(());
        }
        let now = self.time.now();
        let sim = &mut self.devices[device];
        (sim.id, sim.token, sim.joined_at) = (answer.device_id, answer.token, now);
        (sim.is_revoked, sim.code, sim.joined_as) = (false, None, None);
        self.story.tell(now, || format!("{name} has joined anew"));
        self.pump(device)
    }

    /// The code that the office gave for a device, a new one if it has none.
    fn code_for(&mut self, device: usize) -> Run<Option<String>> {
        if let Some(code) = self.devices[device].code.clone() {
            return Ok(Some(code));
        }
        let sim = &self.devices[device];
        let (tenant, yards): (_, Vec<Uuid>) =
            (Some(tenant_id(sim.tenant)), sim.yards.iter().copied().map(yard_id).collect());
        let code = self.on_office("making a code", |server| server.enrolment_code(tenant, &yards, 24))?;
        if code.is_none() {
            self.after(10 * SECOND, Happening::Reenrols { device });
        }
        let now = self.time.now();
        let sim = &mut self.devices[device];
        (sim.code, sim.code_made_at, sim.joined_as) = (code.clone(), now, None);
        Ok(code)
    }

    /// The server was put back to a backup: it must know its own, and keep out whom the office has signed out since.
    pub(super) fn knows_its_own(&mut self, device: usize) -> Run {
        let sim = &self.devices[device];
        let (token, name, is_revoked) = (sim.token.clone(), sim.name, sim.is_revoked);
        if is_revoked {
            self.tally.fault("server restored with a device signed out");
        } else if sim.joined_at > self.host.backed_up_at {
            self.tally.fault("server restored from before a device joined");
        }
        let answer = self.host.server().device(&token);
        let is_out = answer.as_ref().is_err_and(|error| error.code == ApiErrorCode::Revoked);
        self.hold(Invariant::SignedOut, is_out == is_revoked && (is_out || answer.is_ok()), |_| {
            format!("after the restore, {name}, signed out by the office: {is_revoked}, is answered {answer:?}")
        })?;
        if let Ok(known) = answer {
            let yards = (0..crate::templates::YARDS).filter(|yard| known.yards().contains(&yard_id(*yard))).collect();
            self.yards_are(device, yards);
        }
        Ok(())
    }
}

/// Somebody says that the office has signed the device out, and cannot prove it.
pub(crate) fn false_revocation(device: Uuid, nonce: &str, is_signed: bool) -> ApiError {
    let proof = is_signed.then(|| DeviceKey::new([9; 32]).revocation(device, nonce));
    ApiError { proof, ..ApiError::new(ApiErrorCode::Revoked, "simulated", false) }
}
