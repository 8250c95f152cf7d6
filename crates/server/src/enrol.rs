//! Secrets and who gets them: one-time codes, device tokens, admin tokens.

use gatebook_sync::wire::{ApiError, ApiErrorCode, EnrolRequest, EnrolResponse};
use jiff::Span;
use uuid::Uuid;

use crate::error::{ServerError, refuse};
use crate::secret;
use crate::server::Server;
use crate::storage::{Admin, Redemption, sql};

impl Server {
    /// Makes a device of a one-time code. A repeat by the same device is answered with a new token.
    ///
    /// # Errors
    /// The code is wrong, used or expired, or the request is not usable.
    pub fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, ApiError> {
        let name = request.device_name.trim();
        if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err(refuse(
                ApiErrorCode::Malformed,
                "Give the device a name of at most 80 letters, such as “Gate 2 kiosk”.",
            ));
        }
        let token = secret::token()?;
        let redemption = Redemption {
            code: &secret::plain_code(&request.code),
            device_id: request.device_id,
            device_name: name,
            token: &token,
            now: self.inner.config.environment.now().as_microsecond(),
        };
        let redeemed = self.inner.storage.write(|connection| sql::redeem(connection, &redemption))?;
        match redeemed {
            Some((tenant_name, yard_ids)) => {
                Ok(EnrolResponse { device_id: request.device_id, token, tenant_name, yard_ids })
            }
            None => Err(refuse(
                ApiErrorCode::CodeRefused,
                "This code is wrong, used or expired. Check it, or ask the office for a new one.",
            )),
        }
    }

    /// Makes a one-time code for a device of those yards.
    ///
    /// # Errors
    /// There is no such tenant, or the database failed.
    pub fn enrolment_code(
        &self,
        tenant: Option<Uuid>,
        yards: &[Uuid],
        valid_hours: u32,
    ) -> Result<String, ServerError> {
        let now = self.inner.config.environment.now();
        let expires_at = now
            .checked_add(Span::new().hours(valid_hours.min(24 * 365)))
            .map_err(|error| ServerError::unreadable("time", error))?
            .as_microsecond();
        let code = secret::code()?;
        self.inner.storage.write(|connection| {
            let tenant = tenant_or_refusal(sql::tenant(connection, tenant)?)?;
            for yard in yards {
                if sql::reference(connection, tenant.tenant, *yard, gatebook_domain::Kind::Yard)?.is_none() {
                    return Err(refuse(ApiErrorCode::NotFound, format!("There is no yard {yard}.")).into());
                }
            }
            sql::put_code(connection, tenant.tenant, &secret::plain_code(&code), yards, expires_at)
        })?;
        Ok(code)
    }

    /// Makes a token for an admin.
    ///
    /// # Errors
    /// There is no such tenant, or the database failed.
    pub fn admin_token(&self, tenant: Option<Uuid>) -> Result<String, ServerError> {
        let token = secret::token()?;
        self.inner.storage.write(|connection| {
            let tenant = tenant_or_refusal(sql::tenant(connection, tenant)?)?;
            sql::put_admin_token(connection, tenant.tenant, &token)
        })?;
        Ok(token)
    }

    /// Revokes a device, by id or name.
    ///
    /// # Errors
    /// There is none, or the database failed.
    pub fn revoke(&self, device: &str) -> Result<(), ServerError> {
        match self.inner.storage.write(|connection| sql::revoke(connection, device))? {
            0 => Err(refuse(ApiErrorCode::NotFound, format!("There is no device called \"{device}\".")).into()),
            _ => Ok(()),
        }
    }

    /// Whoever has that admin token.
    pub(crate) fn admin(&self, token: &str) -> Result<Admin, ApiError> {
        let admin = self.inner.storage.read(|connection| sql::admin_of_token(connection, token))?;
        admin.ok_or_else(|| refuse(ApiErrorCode::Forbidden, "This needs an admin's token."))
    }
}

pub(crate) fn tenant_or_refusal(tenant: Option<Admin>) -> Result<Admin, ServerError> {
    tenant.ok_or_else(|| {
        let message = "There is no such organisation, or there are several: name one with --tenant.";
        refuse(ApiErrorCode::NotFound, message).into()
    })
}
