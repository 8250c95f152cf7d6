//! How much may be kept in memory for one page. What a device sends is bounded by its own size; what its page meets at the
//! server is not: a few bytes name records that are as large as records may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatebook_sync::Content;
use gatebook_sync::wire::ApiErrorCode;

use crate::error::{ServerError, refuse};

/// Room for bodies, shared by all that is done with a page.
#[derive(Debug, Clone)]
pub(crate) struct BodyRoom {
    left: Arc<AtomicUsize>,
}

impl BodyRoom {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(bytes)) }
    }

    /// A body is kept.
    pub(crate) fn take(&self, content: &Content) -> Result<(), ServerError> {
        self.take_bytes(content.body.get().len())
    }

    /// So many bytes are kept.
    ///
    /// # Errors
    /// There is no room for them. Fewer records at a time have more each.
    pub(crate) fn take_bytes(&self, bytes: usize) -> Result<(), ServerError> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(drop).map_err(|_| {
            let message = "Together with what the server holds of its records, this page is too large. Send it in several \
                           pages.";
            refuse(ApiErrorCode::TooLarge, message).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_by_one_is_missing_to_all() {
        let room = BodyRoom::new(100);
        let shared = room.clone();
        room.take_bytes(60).unwrap();
        let ServerError::Refused(refused) = shared.take_bytes(41).unwrap_err() else { panic!("a refusal") };
        assert_eq!((refused.code, refused.retry), (ApiErrorCode::TooLarge, false));
        shared.take_bytes(40).unwrap();
    }
}
